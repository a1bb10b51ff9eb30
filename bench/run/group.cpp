// SPDX-License-Identifier: Apache-2.0
#include "bench/run/group.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <utility>

#include "bench/cases/case.hpp"
#include "bench/run/case_records.hpp"
#include "bench/run/spot_checks.hpp"
#include "bench/run/untrusted.hpp"
#include "bench/verify/operands.hpp"
#include "bench/verify/random.hpp"
#include "bench/verify/verify.hpp"

namespace moat {
namespace {

CheckRecord to_record(const Check& check) {
  CheckRecord r;
  r.passed = check.passed;
  r.error_over_bound = std::isfinite(check.error_over_bound)
                           ? Reading<double>::of(check.error_over_bound)
                           : Reading<double>::none("an element is not finite or not written");
  r.elements = check.elements;
  r.elements_checked = check.checked;
  r.sampled = check.sampled;
  r.message = check.message;
  return r;
}

// The check that the result shows: the first that failed, else the one nearest to its bound.
void keep_worst(ContenderResult& result, const Check& check) {
  if (!result.quantisation_loss && check.passed) {
    result.quantisation_loss = check.quantisation_loss;
  }
  if (!result.check || !check.passed ||
      check.error_over_bound > result.check->error_over_bound.value.value_or(0)) {
    result.check = to_record(check);
  }
}

void fail(ContenderResult& result, Status status, std::string message) {
  result.status = status;
  result.message = std::move(message);
  result.measurement.reset();
}

// Why there are too few samples for a number.
std::string disturbance(const Measurement& m, int needed) {
  const auto discarded = static_cast<std::size_t>(
      std::ranges::count(m.discarded, DiscardReason::disturbed, &Discarded::reason));
  return fmt::format(
      "other work on the machine: a thread waited for a processor in {} of {} samples, and {} "
      "others "
      "are needed (more --budget may find them)",
      m.set_aside, m.samples.size() + discarded, needed);
}

// Libraries may add up in any order in plain f32; our kernels promise more.
Summation summation_of(const Contender& contender) {
  return is_ours(contender.name) ? Summation::folded : Summation::any_order;
}

// Values of the inputs, and what their results must be.
struct Values {
  Values(const Problem& problem, std::uint64_t seed, const DeviceInfo& device)
      : inputs(problem, seed), verifier(inputs, options_for(device, {.seed = seed})) {}
  Inputs inputs;
  Verifier verifier;
};

// There are two: where all sets hold the same, an implementation passes that reads another set than
// the one it is given, or keeps what it computed of it.
using BothValues = std::array<Values, 2>;

// The sets of operands of a group; output i of each belongs to contender i. The first holds the
// first values, the second the others, and the rest either, at random.
class Sets {
 public:
  Sets(Device& device, const BothValues& values, int count,
       const std::vector<Contender>& implementations, std::uint64_t seed) {
    const auto contenders = static_cast<int>(implementations.size());
    const auto coin = [&](std::size_t i) {
      return (random_bits(stream_seed(seed, 41), i) & 1) != 0;
    };
    const auto outputs = static_cast<std::size_t>(contenders);
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
      values_.push_back(i < 2 ? i : coin(i * (outputs + 1)) ? 1 : 0);
      Operands& set = sets_.emplace_back(device, values[values_.back()].inputs, contenders);
      for (std::size_t c = 0; c < outputs; ++c) {
        // A yardstick writes less than the problem's output.
        const bool writes_all = implementations[c].yardstick == nullptr;
        if (writes_all && coin(i * (outputs + 1) + c + 1)) set.soil(static_cast<int>(c));
      }
    }
    for (int c = 0; c < contenders; ++c) {
      auto& problems = problems_.emplace_back();
      for (const Operands& set : sets_) problems.push_back(set.problem(c));
      called_.emplace_back(sets_.size());
    }
  }

  Operands& operator[](std::size_t set) { return sets_.at(set); }
  std::size_t size() const { return sets_.size(); }
  std::span<Operands> all() { return sets_; }
  // Which values each set holds.
  const std::vector<std::size_t>& values() const { return values_; }
  const std::vector<std::vector<Problem>>& problems() const { return problems_; }

  // Remembers that contender c was called on one of `own`, its problems in the order of the sets.
  void mark(std::size_t c, const std::vector<Problem>& own, const Problem& problem) {
    const std::less<> before;
    if (before(&problem, own.data()) || !before(&problem, own.data() + own.size())) {
      throw std::logic_error("timed on operands that are not of the group");
    }
    called_[c][static_cast<std::size_t>(&problem - own.data())] = 1;
  }

  // Checks every output that contender c was called for. Equal bytes need only one check.
  Check check(std::size_t c, const CheckOutput& check_output) const {
    Check worst;
    std::array<std::vector<std::byte>, 2> right;
    for (std::size_t s = 0; s < sets_.size(); ++s) {
      if (called_[c][s] == 0) continue;
      std::vector<std::byte> output = sets_[s].download(static_cast<int>(c));
      if (worst.passed && output == right[values_[s]]) continue;
      const Check check = check_output(s, output);
      if (!check.passed) return check;
      if (!worst.passed || check.error_over_bound > worst.error_over_bound) worst = check;
      right[values_[s]] = std::move(output);
    }
    if (!worst.passed) worst.message = "the timed calls reached no output";
    return worst;
  }

 private:
  std::vector<Operands> sets_;
  std::vector<std::size_t> values_;
  std::vector<std::vector<Problem>> problems_;  // [contender][set]
  std::vector<std::vector<char>> called_;
};

Rotation rotation(const Device& device, const Problem& problem, int contenders,
                  const GroupOptions& options) {
  if (options.measure.hot) return {};
  // A call has the inputs and its own output, and touches some of them; the memory holds all
  // outputs.
  const std::uint64_t held = Operands::bytes(problem);
  const double share =
      static_cast<double>(held) / static_cast<double>(Operands::bytes(problem, contenders));
  const auto touched = std::min(held, static_cast<std::uint64_t>(bytes(problem)));
  // The values that no set holds yet lie in the same memory.
  const std::uint64_t beside = device.info().host ? input_bytes(problem) : 0;
  const std::uint64_t limit = options.memory_limit - std::min(beside, options.memory_limit / 2);
  return rotation_sets(touched, held, device.info().cache_bytes,
                       static_cast<std::size_t>(share * static_cast<double>(limit)));
}

// One problem with its contenders. The methods are called in their order.
class GroupRun {
 public:
  GroupRun(Device& device, const Problem& problem, const std::vector<Contender>& contenders,
           const GroupOptions& options)
      : device_(device),
        contenders_(contenders),
        options_(options),
        values_{Values(problem, options.seed, device.info()),
                Values(problem, stream_seed(options.seed, 42), device.info())},
        rotation_(rotation(device, problem, static_cast<int>(contenders.size()), options)),
        sets_(device, values_, rotation_.sets, contenders, options.seed),
        solve_(contenders.size()),
        right_(contenders.size()),
        clocks_(contenders.size()) {
    outcome_.results.resize(contenders.size());
    outcome_.rotation_sets = rotation_.sets;
    outcome_.cold = rotation_.cold && !options.measure.hot;
  }

  void verify_all() {
    for (std::size_t c = 0; c < contenders_.size() && !stopped(); ++c) verify_before(c);
    for (std::size_t c = 0; c < contenders_.size(); ++c) {
      if (solve_[c]) {
        ready_.push_back(c);
      } else if (outcome_.results[c].message.empty()) {
        // One that the user did not wait for is neither right nor wrong.
        outcome_.results[c].status = Status::ok;
      }
    }
  }

  // How many passed.
  std::size_t ready() const { return ready_.size(); }

  // Appends those that passed and their problems. There is room for them: what is in `problems`
  // must stay where it is.
  void enter(std::vector<Implementation>& implementations,
             std::vector<std::vector<Problem>>& problems) {
    for (const std::size_t c : ready_) {
      const auto& own = problems.emplace_back(sets_.problems()[c]);
      if (CallClock* const clock = clocks_[c] ? &*clocks_[c] : nullptr) {
        implementations.push_back(
            {.name = contenders_[c].name, .run = [this, c, clock, &own](const Problem& p) {
               sets_.mark(c, own, p);
               clock->enter();
               solve_[c](p);
               clock->leave();
             }});
        continue;
      }
      implementations.push_back(
          {.name = contenders_[c].name, .run = [this, c, &own](const Problem& p) {
             sets_.mark(c, own, p);
             solve_[c](p);
           }});
    }
  }

  // What is told of their samples.
  CallObserver& watch(Clock& clock) {
    std::vector<SpotChecks::Subject> subjects;
    for (const std::size_t c : ready_) {
      SpotChecks::Subject& subject = subjects.emplace_back(
          SpotChecks::Subject{static_cast<int>(c), solve_[c], check_of(c), std::move(right_[c])});
      if (!contenders_[c].untrusted()) continue;
      subject.begin = [this, c](int calls) {
        if (clocks_[c]) clocks_[c]->expect(calls);
      };
      subject.changed_input = [this](std::size_t set) { return changed_input(set); };
    }
    return spot_checks_.emplace(device_, sets_.all(), sets_.values(), std::move(subjects), clock,
                                options_.seed);
  }

  // Checks what they wrote while they were timed; `measurements` are theirs.
  void accept(std::span<Measurement> measurements) {
    find_spoiled();
    for (std::size_t i = 0; i < ready_.size(); ++i) {
      accept(ready_[i], std::move(measurements[i]), spot_checks_->failure(i));
    }
  }

  GroupOutcome finish() {
    outcome_.interrupted = stopped();
    return std::move(outcome_);
  }

  bool stopped() const { return options_.measure.stop != nullptr && *options_.measure.stop; }

 private:
  // The name of an input that a set does not hold any more.
  std::string changed_input(std::size_t set) {
    return sets_[set].changed_input(values_[sets_.values()[set]].inputs.problem());
  }

  // Whether inputs were changed while all were timed, which costs those that nobody answers for.
  // One that was seen doing it answers alone.
  void find_spoiled() {
    const bool any =
        std::ranges::any_of(ready_, [&](std::size_t c) { return contenders_[c].untrusted(); });
    if (!any) return;
    std::string name;
    for (std::size_t s = 0; s < sets_.size() && name.empty(); ++s) name = changed_input(s);
    if (name.empty()) return;
    std::vector<std::size_t> suspects;
    for (std::size_t i = 0; i < ready_.size(); ++i) {
      if (!contenders_[ready_[i]].untrusted()) continue;
      if (spot_checks_->changed_input(i)) suspects.assign(1, ready_[i]);
      if (spot_checks_->changed_input(i)) break;
      suspects.push_back(ready_[i]);
    }
    for (const std::size_t c : suspects) {
      overwritten_ = fmt::format("the input {} was written while it was timed", name);
      spoilers_.push_back(c);
      contenders_[c].spoiled();
    }
  }

  // How an output of contender c is checked.
  CheckOutput check_of(std::size_t c) const {
    if (const Yardstick* yardstick = contenders_[c].yardstick) {
      return [this, wants = std::array{yardstick->leaves(values_[0].inputs.problem()),
                                       yardstick->leaves(values_[1].inputs.problem())}](
                 std::size_t set, std::span<const std::byte> output) {
        return check_exactly(output, wants[sets_.values()[set]]);
      };
    }
    return [this, c](std::size_t set, std::span<const std::byte> output) {
      return values_[sets_.values()[set]].verifier.check(output, summation_of(contenders_[c]));
    };
  }

  // Solves one set, and leaves what it gave in right_.
  Check verify_set(std::size_t c, std::size_t set, const Solve& solve) {
    const int output = static_cast<int>(c);
    Operands& operands = sets_[set];
    const Values& values = values_[sets_.values()[set]];
    Check check;
    if (contenders_[c].yardstick != nullptr) {
      operands.poison(output);
      solve(operands.problem(output));
      device_.synchronize();
      check = check_of(c)(set, operands.download(output));
    } else if (set == 0) {
      const Check others = verify_other_kinds(device_, operands, output, values.inputs, solve,
                                              summation_of(contenders_[c]), options_.seed);
      check = verify(device_, operands, output, values.inputs, values.verifier, solve,
                     summation_of(contenders_[c]));
      if (check.passed && !others.passed) check = others;
    } else {
      check = verify_once(device_, operands, output, values.verifier, solve,
                          summation_of(contenders_[c]));
    }
    right_[c].push_back(operands.download(output));
    operands.poison(output);
    return check;
  }

  void verify_before(std::size_t c) {
    ContenderResult& result = outcome_.results[c];
    try {
      auto solve = contenders_[c].prepare();
      for (std::size_t set = 0; set < std::min<std::size_t>(sets_.size(), 2); ++set) {
        const Check check = verify_set(c, set, solve);
        keep_worst(result, check);
        if (!check.passed) return fail(result, Status::failed, check.message);
      }
      if (contenders_[c].untrusted()) {
        const Check settled = verify_settled(device_, sets_[0], static_cast<int>(c), solve);
        if (!settled.passed) return fail(result, Status::failed, settled.message);
        sets_[0].poison(static_cast<int>(c));
        // Of a queue the host sees the beginning alone.
        if (device_.info().host) clocks_[c].emplace();
      }
      result.status = Status::ok;
      solve_[c] = std::move(solve);
    } catch (const std::exception& e) {
      fail(result, Status::error, e.what());
    }
  }

  // `wrong`: a call of the timed series that was, if any.
  void accept(std::size_t c, Measurement measurement, const Check* wrong) {
    ContenderResult& result = outcome_.results[c];
    if (std::ranges::find(spoilers_, c) != spoilers_.end()) {
      return fail(result, Status::failed, overwritten_);
    }
    if (wrong != nullptr) {
      result.check = to_record(*wrong);
      return fail(result, Status::failed, measurement.error);
    }
    if (!measurement.error.empty()) return fail(result, Status::error, measurement.error);
    if (measurement.samples.empty() && !measurement.disturbed) {
      if (measurement.stop_reason == StopReason::interrupted) return;
      return fail(result, Status::error, "no sample had a valid time");
    }
    try {
      const Check check = sets_.check(c, check_of(c));
      if (!check.passed) {
        result.check = to_record(check);
        return fail(result, Status::failed, "after the timing: " + check.message);
      }
      if (contenders_[c].yardstick == nullptr) {
        const std::size_t set = random_bits(stream_seed(options_.seed, 43), c) % sets_.size();
        const std::size_t own = sets_.values()[set];
        const Values& other = values_[1 - own];
        const auto verify_with = [&](const Inputs& inputs, const Verifier& verifier) {
          return verify_changed(device_, sets_[set], static_cast<int>(c), values_[own].inputs,
                                inputs, verifier, solve_[c], summation_of(contenders_[c]));
        };
        Check changed = verify_with(other.inputs, other.verifier);
        if (changed.passed && input_bytes(values_[own].inputs.problem()) <= kMostBytesMadeAgain) {
          const Inputs mixed(values_[own].inputs, other.inputs, stream_seed(options_.seed, 44));
          const VerifyOptions quick = options_for(
              device_.info(), {.full_work = 1e7, .sample_work = 1e7, .seed = options_.seed});
          changed = verify_with(mixed, Verifier(mixed, quick));
        }
        if (!changed.passed) {
          result.check = to_record(changed);
          return fail(result, Status::failed,
                      "after the timing, with other inputs: " + changed.message);
        }
      }
      if (clocks_[c]) {
        const std::string contradiction = clocks_[c]->contradiction(measurement);
        if (!contradiction.empty()) return fail(result, Status::failed, contradiction);
      }
      if (contenders_[c].untrusted()) {
        const Check settled = verify_settled(device_, sets_[0], static_cast<int>(c), solve_[c]);
        if (!settled.passed) {
          return fail(result, Status::failed, "after the timing: " + settled.message);
        }
      }
      keep_worst(result, check);
      if (measurement.disturbed) {
        result.status = Status::disturbed;
        result.message = disturbance(measurement, options_.measure.sampler.min_samples);
      }
      result.measurement = std::move(measurement);
    } catch (const std::exception& e) {
      fail(result, Status::error, e.what());
    }
  }

  Device& device_;
  const std::vector<Contender>& contenders_;
  const GroupOptions& options_;
  BothValues values_;
  Rotation rotation_;
  Sets sets_;
  std::vector<std::function<void(const Problem&)>> solve_;
  // Of each contender an output for each of the values, that was found right.
  std::vector<std::vector<std::vector<std::byte>>> right_;
  std::vector<std::optional<CallClock>> clocks_;  // of contenders that are watched
  std::vector<std::size_t> ready_;                // contenders that passed
  std::vector<std::size_t> spoilers_;             // contenders that changed inputs
  std::string overwritten_;
  std::optional<SpotChecks> spot_checks_;
  GroupOutcome outcome_;
};

// Tells each part of its own implementations, which stand one part behind the other.
class Observers final : public CallObserver {
 public:
  void add(CallObserver& observer, std::size_t implementations) {
    for (std::size_t i = 0; i < implementations; ++i) all_.emplace_back(&observer, i);
  }
  void before(std::size_t implementation, std::size_t first, int calls) override {
    all_.at(implementation).first->before(all_[implementation].second, first, calls);
  }
  void after(std::size_t implementation) override {
    all_.at(implementation).first->after(all_[implementation].second);
  }

 private:
  std::vector<std::pair<CallObserver*, std::size_t>> all_;
};

}  // namespace

double host_bytes(const Problem& problem, std::size_t contenders) {
  const auto in = static_cast<double>(input_bytes(problem));
  const auto out = static_cast<double>(output_bytes(problem) + kGuardBytes);
  // The two values, and other kinds or a mixture while they are tried.
  const double inputs = in * (in <= static_cast<double>(kMostBytesMadeAgain) ? 3 : 2);
  // Of each contender those found right and the one that is looked at, and three more of one.
  const double outputs = out * 3 * static_cast<double>(contenders + 1);
  // A value and a bound for each element that is compared, of both values.
  const double references = 2 * std::min(8 * out, VerifyOptions{}.full_work);
  // Codes are decoded to f32 for the reference.
  double decoded = 0;
  for_each_operand(problem, [&](const Operand& o, const auto&) {
    if (o.code) decoded += elements(o) * traits(*o.code).per_unit * sizeof(float);
  });
  return inputs + outputs + references + decoded;
}

std::size_t bytes_of_sets(const Device& device, const Problem& problem, std::size_t contenders,
                          const GroupOptions& options) {
  const auto count = static_cast<int>(contenders);
  const auto sets = static_cast<std::size_t>(rotation(device, problem, count, options).sets);
  return sets * static_cast<std::size_t>(Operands::bytes(problem, count));
}

std::vector<GroupOutcome> run_groups(Device& device, const std::vector<GroupPart>& parts,
                                     const GroupOptions& options, Clock& clock) {
  const auto sharing = std::ranges::count(parts, false, &GroupPart::beside);
  GroupOptions own = options;
  own.memory_limit /= static_cast<std::size_t>(std::max<std::ptrdiff_t>(sharing, 1));
  GroupOptions left_over = options;
  for (const GroupPart& part : parts) {
    if (part.beside) continue;
    left_over.memory_limit -= std::min(
        left_over.memory_limit, bytes_of_sets(device, part.problem, part.contenders.size(), own));
  }

  std::vector<GroupOutcome> outcomes(parts.size());
  std::vector<std::unique_ptr<GroupRun>> runs;
  std::vector<std::size_t> place;  // of each run among the parts
  std::size_t ready = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const GroupPart& part = parts[i];
    try {
      runs.push_back(std::make_unique<GroupRun>(device, part.problem, part.contenders,
                                                part.beside ? left_over : own));
    } catch (const std::exception& e) {
      if (!part.beside) throw;
      outcomes[i].results.resize(part.contenders.size());
      for (ContenderResult& result : outcomes[i].results) result.message = e.what();
      continue;
    }
    place.push_back(i);
    runs.back()->verify_all();
    ready += runs.back()->ready();
  }
  if (ready > 0 && !runs.front()->stopped()) {
    std::vector<Implementation> implementations;
    std::vector<std::vector<Problem>> problems;
    implementations.reserve(ready);
    problems.reserve(ready);
    Observers observers;
    for (const auto& run : runs) {
      run->enter(implementations, problems);
      observers.add(run->watch(clock), run->ready());
    }
    MeasureOptions measuring = options.measure;
    measuring.observer = &observers;
    GroupResult group = moat::measure(device, implementations, problems, measuring, clock);
    std::span<Measurement> rest = group.measurements;
    for (const auto& run : runs) {
      run->accept(rest.first(run->ready()));
      rest = rest.subspan(run->ready());
    }
  }
  for (std::size_t r = 0; r < runs.size(); ++r) outcomes[place[r]] = runs[r]->finish();
  return outcomes;
}

GroupOutcome run_group(Device& device, const Problem& problem,
                       const std::vector<Contender>& contenders, const GroupOptions& options,
                       Clock& clock) {
  return std::move(
      run_groups(device, {{.problem = problem, .contenders = contenders}}, options, clock).front());
}

}  // namespace moat
