// SPDX-License-Identifier: Apache-2.0
// The devices of several records, each under one set of conditions.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bench/compare/conditions.hpp"
#include "bench/compare/record_set.hpp"

namespace moat {

// A device as far as its results may be brought together. Devices of one name are apart by their
// index and by the name of their host; results of one device by its conditions (conditions.hpp);
// and where a problem ran with operands in the cache and with operands in memory, the former apart.
struct Platform {
  std::string backend;
  std::string name;
  std::string architecture;
  // "cpu Xeon"; with what sets it apart from the other platforms of that device, as in
  // "cpu:1 Xeon" and "cpu Xeon (threads: 1, cache: hot)"; and with what its build lacks, as in
  // "cpu Xeon (not optimised: Debug)".
  // Of compiler flags only those that the other platforms of the device have not all.
  std::string label;
  std::size_t device = 0;  // the same of all conditions of one device
  std::string warning;     // of the build, see build_warning()
  Conditions build;        // of the newest record
};

// The platforms of records in the order in which they appear, and which one a case belongs to.
class Platforms {
 public:
  explicit Platforms(const std::vector<NamedRecord>& records);

  const std::vector<Platform>& all() const { return all_; }

  // Of a case of records[record]; none if that record does not describe its device.
  std::optional<std::size_t> of(std::size_t record, const CaseRecord& c) const;
  // All of a device of records[record].
  std::vector<std::size_t> of(std::size_t record, const std::string& backend, int index) const;

  // Whether records[record] is of the platform's newest build. Samples of several builds are no
  // samples of one.
  bool is_current(std::size_t record, std::size_t platform) const {
    return builds_[record] == all_[platform].build;
  }
  // Per platform whose records are of several builds: which are left out, in words.
  std::vector<std::string> left_out() const;

 private:
  struct Place {  // a device of a record
    std::string backend;
    int index = 0;
    std::size_t platform = 0;
    bool hot = false;                    // of the cases that run with operands in the cache
    std::set<std::string> hot_problems;  // that are apart for it
  };

  std::vector<Platform> all_;
  std::vector<std::vector<Place>> places_;  // per record
  std::vector<Conditions> builds_;          // likewise
};

}  // namespace moat
