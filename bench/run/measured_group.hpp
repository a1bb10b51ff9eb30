// SPDX-License-Identifier: Apache-2.0
// A group of a run, measured one repetition at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bench/measure/ceilings.hpp"
#include "bench/run/case_records.hpp"
#include "bench/run/google_benchmark_run.hpp"
#include "bench/run/group.hpp"
#include "bench/text/progress.hpp"

namespace moat {

// Measures a repetition of a group in another process: an entry for each case that it reached.
using MeasureElsewhere = std::function<std::vector<CaseRecord>(std::uint64_t seed)>;

// The implementations of one problem on one device that the run was asked for.
class MeasuredGroup {
 public:
  MeasuredGroup(const Problem& problem, Device& device) : problem_(problem), device_(device) {}

  void add(Contender contender);
  // The yardstick `product`: the device's kernel on another problem, in the same rounds. The last
  // to be added.
  void add_product(const Problem& product);
  // What our kernel runs with, where it has a choice.
  void set_schedule(std::string schedule) { schedule_ = std::move(schedule); }
  // A baseline that does not solve this problem, or a yardstick that does not fit beside it, for
  // the entry of our kernel.
  void add_absent(AbsentRecord absent) { absent_.push_back(std::move(absent)); }
  // Repetitions are measured by that.
  void set_elsewhere(MeasureElsewhere elsewhere) { elsewhere_ = std::move(elsewhere); }
  // Why nothing of the group can run.
  void refuse(std::string why) { refusal_ = std::move(why); }

  bool empty() const { return cases_.empty(); }
  // How many solve the problem itself, or move its bytes.
  std::size_t contenders() const { return contenders_.size(); }
  std::size_t size() const { return cases_.size(); }
  const std::string& name(std::size_t i) const { return cases_[i].name; }
  Device& device() const { return device_; }
  const Problem& problem() const { return problem_; }
  // What both builds of `moat run --ab` call a repetition of this group.
  std::string turn_name(std::size_t repetition) const;
  // How many repetitions were measured.
  std::size_t repetitions() const { return repetitions_.size(); }

  // The result of contender i in a repetition; the first to ask measures the whole group.
  EntryResult result(std::size_t i, int repetition, const GroupOptions& options, Clock& clock,
                     Progress& progress);

  // Raises the ceilings to what verified yardsticks of the group reached out of the cache.
  void raise(Ceilings& ceilings) const;

  // Whether a case is faster than these ceilings allow.
  bool exceeds(const Ceilings& ceilings) const;

  // Ceilings that were measured right after the group, because a case exceeded the run's.
  void confirm(Ceilings beside) { beside_ = best_of(std::move(beside_), std::move(beside)); }

  // The entries of the record. Those that an interrupted run did not reach are left out.
  std::vector<CaseRecord> finish(const Ceilings& ceilings);

 private:
  void measure(const GroupOptions& options, Clock& clock);
  void measure_elsewhere(std::uint64_t seed);

  Problem problem_;
  Device& device_;
  std::string refusal_;
  MeasureElsewhere elsewhere_;
  std::optional<std::string> schedule_;
  std::vector<Contender> contenders_;
  std::optional<Problem> product_;
  std::vector<CaseRecord> cases_;
  std::vector<AbsentRecord> absent_;
  std::vector<std::vector<EntryResult>> repetitions_;
  Ceilings beside_;
};

}  // namespace moat
