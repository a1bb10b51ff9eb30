// SPDX-License-Identifier: Apache-2.0
// How much of what a port compiles it shares with the baseline.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bench/port/count.hpp"

namespace moat {

// |L_b ∩ L_0|, |L_b \ L_0| and |L_0 \ L_b| of a port b and the baseline 0. Whole numbers, unless
// lines are shared out.
struct LineCounts {
  double shared = 0;
  double added = 0;
  double unused = 0;

  double lines() const { return shared + added; }  // |L_b|
  // added ÷ |L_b|; none if nothing is compiled.
  std::optional<double> changed() const;
};

LineCounts compare_lines(const LineSet& port, const LineSet& baseline);

// Lines of one kernel, or of all of them and the runtime.
struct PortCounts {
  LineCounts total;    // all lines compiled for it
  LineCounts kernel;   // of those, the ones under kernels/
  LineCounts problem;  // of those, the ones under problems/
  LineCounts layer;    // of those, the ones under backends/
  LineCounts share;    // this kernel's share of the whole layer: a line that q kernels use counts
                       // 1/q for each, a line of the runtime alone 1/(number of kernels)
};

// The name of what belongs to no kernel, and of the sum.
inline constexpr const char* kRuntime = "runtime";
inline constexpr const char* kAll = "all";

// Kernel → counts, with kAll for everything that the two builds compile.
std::map<std::string, PortCounts> compare_backends(const BackendLines& port,
                                                   const BackendLines& baseline);

// Lines under none of kernels/, problems/ and backends/: what the division above would lose.
LineSet other_lines(const LineSet& lines);

struct Distance {
  std::string a, b;  // backends
  int in_both = 0;
  int in_either = 0;
  double value() const;  // Jaccard distance, 1 − in_both ÷ in_either; 0 if both are empty
};

// Distances between all pairs. Their mean is the code divergence of S. L. Harrell, J. Kitson,
// R. Bird, S. J. Pennycook et al., "Effective Performance Portability", P3HPC 2018.
std::vector<Distance> distances(const std::map<std::string, LineSet>& backends);

// Of at least one pair.
std::optional<double> mean_distance(const std::vector<Distance>& pairs);

}  // namespace moat
