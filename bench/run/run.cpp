// SPDX-License-Identifier: Apache-2.0
#include "bench/run/run.hpp"

#include <fmt/format.h>
#include <omp.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "backends/cpu/control_group.hpp"
#include "backends/cpu/processor.hpp"
#include "bench/cases/case.hpp"
#include "bench/plugin/describe.hpp"
#include "bench/plugin/told.hpp"
#include "bench/record/file.hpp"
#include "bench/record/google_benchmark.hpp"
#include "bench/record/json_reader.hpp"
#include "bench/record/provenance.hpp"
#include "bench/record/say.hpp"
#include "bench/record/standard_streams.hpp"
#include "bench/run/device_record.hpp"
#include "bench/run/devices.hpp"
#include "bench/run/interrupt.hpp"
#include "bench/run/measured_group.hpp"
#include "bench/run/output_path.hpp"
#include "bench/run/problem_options.hpp"
#include "bench/run/resume.hpp"
#include "bench/run/threads.hpp"
#include "bench/run/turns.hpp"
#include "bench/run/usage_error.hpp"
#include "bench/run/with_plugins.hpp"
#include "bench/text/exit_codes.hpp"
#include "bench/text/grid.hpp"
#include "bench/text/terminal.hpp"
#include "bench/tune/tuned.hpp"

namespace moat {
namespace {

// Those that the threads may use.
std::vector<int> processors_of(int threads) {
  std::set<int> all;
#pragma omp parallel num_threads(threads)
  {
    // The user may have given each thread a place of its own.
    const std::vector<int> own = cpu::allowed_processors();
#pragma omp critical(moat_kept_processors)
    all.insert(own.begin(), own.end());
  }
  return {all.begin(), all.end()};
}

// The same, if they are not all of the machine's.
Reading<std::vector<int>> kept_processors(std::vector<int> processors) {
  if (processors.empty()) {
    return Reading<std::vector<int>>::none("the system does not tell where the process may run");
  }
  if (processors.size() >= static_cast<std::size_t>(sysconf(_SC_NPROCESSORS_ONLN))) {
    return Reading<std::vector<int>>::none("it might use every processor");
  }
  return Reading<std::vector<int>>::of(std::move(processors));
}

// What keeps a problem from being solved its own case tells.
std::vector<std::string> schedules_of(Device& device, const Problem& problem) {
  try {
    return device.schedules(problem);
  } catch (const std::exception&) {
    return {};
  }
}

class Run {
 public:
  Run(const RunOptions& options, const RunWorld& world)
      : options_(options),
        world_(world),
        clock_(world.clock != nullptr ? *world.clock : steady_clock_),
        flags_(options.google_benchmark) {}

  int execute();

 private:
  void read_tuned_devices();
  void plan(const std::vector<Problem>& problems);
  void add_baselines(Device& device);
  void add_schedules(MeasuredGroup& group, const Problem& problem,
                     const std::vector<std::string>& offered);
  void resume();
  void add_product(MeasuredGroup& group, const Problem& problem) const;
  GroupOptions group_options(const Device& device) const;
  void require_outputs() const;
  std::ostream& table_stream() const;
  int answer_parent();
  void require_commands(const std::vector<Problem>& problems) const;
  void ask_commands();
  void measure();
  CeilingNeeds needs_of(const Device& device) const;
  void confirm_ceilings(MeasuredGroup& group);
  void gather(Record& record, std::vector<MeasuredGroup>& groups) const;
  void write_so_far();
  Reading<SchedulingRecord> scheduling_since(const std::optional<SchedulingTotals>& start,
                                             const std::optional<double>& steal) const;
  void write_record();
  void rescue(const std::string& text) const;
  int exit_code() const;

  const RunOptions& options_;
  const RunWorld& world_;
  SteadyClock steady_clock_;
  Clock& clock_;
  GoogleBenchmarkFlags flags_;
  Devices devices_;
  std::vector<Problem> problems_;
  std::optional<PluginUse> plugins_;
  std::map<const Device*, Baselines> baselines_;
  TunedFile tuned_file_;
  std::map<const Device*, const TunedDevice*> tuned_;
  std::vector<MeasuredGroup> groups_;
  std::map<const Device*, Ceilings> ceilings_;
  std::optional<Turns> turns_;
  std::filesystem::path path_;
  std::string google_benchmark_;  // for --benchmark_out
  std::ostream* out_ = nullptr;   // where the table goes
  Record record_;
  std::map<std::string, double> weights_;  // of --cases
  std::vector<std::string> planned_;       // of the cases, also of those that an earlier run has
  std::optional<Record> earlier_;
  bool unwritten_ = false;  // the record so far could not be written
  double start_ = 0;
  std::optional<SchedulingTotals> waited_before_;
  std::optional<double> steal_before_;
};

int Run::execute() {
  const auto start = std::time(nullptr);
  start_ = clock_.now();
  require_consistent_options(options_, flags_);
  record_.run.started = utc_time(start);
  record_.run.arguments = options_.arguments;
  if (options_.turns) record_.run.session = options_.turns->session;
  record_.run.seed = options_.seed;
  record_.run.repetitions = flags_.repetitions();
  record_.build = this_build();
  if (record_.build.dirty.value.value_or(true)) record_.build.executable = executable_hash();
  if (const std::string warning = build_warning(record_.build);
      !warning.empty() && !options_.plugin_child) {
    say("moat: warning: {}\n", warning);
  }
  record_.host = this_host();
  initialize_google_benchmark(flags_);

  const Selection selection = select_problems(options_.problems);
  const std::vector<Problem>& problems = selection.problems;
  problems_ = problems;
  weights_ = selection.weights;
  record_.run.threads = claim_threads(options_.threads);
  record_.run.cpu_quota = cpu::group_limits().processors;
  const std::vector<int> processors = processors_of(record_.run.threads);
  record_.run.processors = kept_processors(processors);
  devices_ = open_devices(options_.backends, options_.devices, world_);
  if (!problems.empty() && devices_.all.empty()) {
    for (const auto& a : devices_.skipped) {
      say("moat: backend {}: {}\n", a.name, a.reason);
    }
    say("moat: no device to run on\n");
    return kExitDevice;
  }
  require_commands(problems);
  if (!options_.plugins.empty() || options_.plugin_child) {
    plugins_.emplace(options_, record_.run.threads, processors, devices_, problems);
    for (const AbsentRecord& a : plugins_->absent()) record_.absent_baselines.push_back(a);
  }
  read_tuned_devices();
  plan(problems);
  if (options_.plugin_child) return answer_parent();
  if (!tuned_.empty() && std::ranges::none_of(planned_, [](const std::string& name) {
        return schedule_of(name.substr(name.rfind('/') + 1)).has_value();
      })) {
    say("moat: note: --tuned {} knows no faster schedule for these cases\n",
        options_.tuned->string());
  }
  if (groups_.empty() && options_.all_schedules && !problems.empty()) {
    say("moat: no case that was asked for has more than one schedule to choose from here\n");
    return kExitNothing;
  }
  if (groups_.empty()) {
    say("moat: no case matches; moat list shows the cases, and a broader --filter, "
        "--kernel, --dtype or --benchmark_filter selects some\n");
    return kExitNothing;
  }
  if (flags_.list_only()) {
    for (const MeasuredGroup& group : groups_) {
      for (std::size_t i = 0; i < group.size(); ++i) *world_.out << group.name(i) << '\n';
    }
    return kExitOk;
  }

  // A GPU's name tells more about a result than its host's.
  const Device* named = devices_.all.front().get();
  for (const auto& device : devices_.all) {
    if (named->info().host) named = device.get();
  }
  path_ = record_path(options_.out, named->info().name, record_.run.started, record_.build);
  require_outputs();
  if (options_.resume) resume();
  // Before a record replaces the file that standard output leads to.
  out_ = &table_stream();

  const PortingSection porting = world_.porting();
  record_.porting = Reading<JsonDocument>::of(porting.record);

  std::set<std::string> gpus;
  for (const auto& device : devices_.all) {
    if (!device->info().host) gpus.insert(device->info().backend);
  }
  if (!gpus.empty()) record_.codegen = world_.codegen(gpus);

  install_interrupt_handler();
  measure();
  ask_commands();
  record_.run.interrupted = interrupted();
  record_.run.duration_seconds = clock_.now() - start_;
  gather(record_, groups_);
  const std::string conclusion = options_.conclude ? options_.conclude(record_) : "";

  // A record that cannot be written is no reason to keep the table back.
  std::exception_ptr unwritten;
  try {
    write_record();
  } catch (...) {
    unwritten = std::current_exception();
  }
  if (options_.conclude) {
    *out_ << conclusion;
  } else if (!flags_.format()) {
    const bool color = out_ == &std::cout && color_wanted();
    *out_ << format_record(record_, options_.format, color);
    if (options_.format == TableFormat::table) *out_ << '\n' << porting.table;
    if (options_.format == TableFormat::markdown) *out_ << '\n' << porting.markdown;
  }
  out_->flush();
  if (unwritten) std::rethrow_exception(unwritten);
  say("record: {}\n", path_.string());
  // A terminal that was closed took the table along; the record tells what was verified.
  if (world_.out == &std::cout && !record_.run.interrupted) flush_out();
  return exit_code();
}

void Run::require_commands(const std::vector<Problem>& problems) const {
  for (const std::string& command : options_.commands) {
    for (const Problem& problem : problems) {
      try {
        fill_in(command, problem);
      } catch (const CommandError& e) {
        throw UsageError(fmt::format("--command: {}", e.what()));
      }
    }
  }
}

// After all that is measured, so that nothing that they leave behind disturbs it.
void Run::ask_commands() {
  if (options_.commands.empty()) return;
  record_.told.emplace();
  std::set<std::string> asked;
  for (const Problem& problem : problems_) {
    if (!asked.insert(case_name(problem)).second) continue;
    for (const std::string& command : options_.commands) {
      if (interrupted()) return;
      record_.told->push_back(ask_command(command, problem, options_.plugin_seconds));
    }
  }
}

// In a process of plug-ins: what was measured goes to the process that asked, which has the rest.
int Run::answer_parent() {
  out_ = world_.out;
  install_interrupt_handler();
  measure();
  record_.run.interrupted = interrupted();
  gather(record_, groups_);
  plugins_->answer(to_text(record_));
  return kExitOk;
}

// Before anything is measured: every file can be written, and none of them twice.
void Run::require_outputs() const {
  std::vector<std::pair<std::string, std::filesystem::path>> outputs = {{"--out", path_}};
  if (options_.export_gbench) outputs.emplace_back("--export gbench", *options_.export_gbench);
  if (!flags_.out().empty()) outputs.emplace_back("--benchmark_out", flags_.out());
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (!same_output(outputs[i].second, outputs[j].second)) continue;
      throw UsageError(fmt::format("{} and {} are both {}: give each a file of its own",
                                   outputs[j].first, outputs[i].first, outputs[i].second.string()));
    }
  }
  for (const auto& [option, path] : outputs) require_writable(path);
}

// Where the table goes: past a document that has standard output for itself.
std::ostream& Run::table_stream() const {
  const auto taken = [](const std::filesystem::path& path) { return is_standard_output(path); };
  const bool spoken_for = taken(path_) ||
                          (options_.export_gbench && taken(*options_.export_gbench)) ||
                          (!flags_.out().empty() && taken(flags_.out()));
  return world_.out == &std::cout && spoken_for ? std::cerr : *world_.out;
}

// Libraries, yardsticks and plug-ins of a device.
void Run::add_baselines(Device& device) {
  Baselines found = options_.baselines ? world_.baselines(device) : Baselines{};
  // Devices of one backend have the same libraries.
  const auto recorded = [](const auto& records, const std::string& name) {
    return std::ranges::any_of(records, [&](const auto& r) { return r.name == name; });
  };
  for (const auto& b : found.found) {
    if (recorded(record_.libraries, b->name())) continue;
    record_.libraries.push_back({b->name(), b->version(), b->detail()});
  }
  for (const auto& y : found.yardsticks) {
    if (recorded(record_.libraries, y->name())) continue;
    record_.libraries.push_back({y->name(), __VERSION__, y->detail()});
  }
  if (found.product && !recorded(record_.libraries, kProductYardstick)) {
    record_.libraries.push_back({kProductYardstick, __VERSION__, found.product->detail});
  }
  for (const auto& b : found.absent) {
    if (recorded(record_.absent_baselines, b.name)) continue;
    record_.absent_baselines.push_back({b.name, b.reason});
  }
  if (plugins_) {
    for (LibraryRecord& l : plugins_->join(device, found)) {
      if (!recorded(record_.libraries, l.name)) record_.libraries.push_back(std::move(l));
    }
  }
  baselines_.emplace(&device, std::move(found));
}

void Run::plan(const std::vector<Problem>& problems) {
  for (const auto& device : devices_.all) add_baselines(*device);
  for (const auto& problem : problems) {
    for (const auto& device : devices_.all) {
      const DeviceInfo& info = device->info();
      const std::vector<std::string> schedules = schedules_of(*device, problem);
      if (options_.all_schedules && schedules.size() < 2) continue;
      MeasuredGroup group(problem, *device);
      const auto selected = [&](const std::string& name) {
        return flags_.selects(entry_name(problem, info, name));
      };
      if (selected(kOurs)) {
        group.add({.name = kOurs,
                   .prepare = [d = device.get()] { return [d](const Problem& p) { d->run(p); }; }});
      }
      add_schedules(group, problem, schedules);
      bool with_plugins = false;
      for (const auto& baseline : baselines_.at(device.get()).found) {
        if (!selected(baseline->name())) continue;
        if (const auto why = baseline->unsupported(problem)) {
          group.add_absent({.name = baseline->name(), .reason = *why});
          continue;
        }
        Contender contender{.name = baseline->name(), .prepare = [b = baseline.get(), problem] {
                              return b->prepare(problem);
                            }};
        if (plugins_ && plugins_->has(baseline->name())) {
          with_plugins = true;
          contender.spoiled = plugins_->when_spoiled(baseline->name());
        }
        group.add(std::move(contender));
      }
      if (with_plugins && !options_.plugin_child) {
        group.set_elsewhere([this, problem, d = device.get()](std::uint64_t seed) {
          return plugins_->measure(problem, d->info(), seed);
        });
      }
      for (const auto& yardstick : baselines_.at(device.get()).yardsticks) {
        if (!selected(yardstick->name()) || !yardstick->traffic(problem)) continue;
        group.add(
            {.name = yardstick->name(),
             .prepare = [y = yardstick.get()] { return [y](const Problem& p) { y->run(p); }; },
             .yardstick = yardstick.get()});
      }
      try {
        if (group.contenders() > 0) {
          check_memory(problem, memory_limit(options_, *device), device_name(info));
          check_host_memory(problem, group.contenders(), options_, info);
        }
      } catch (const CaseError& e) {
        const auto& asked = options_.problems.cases;
        if (std::ranges::find(asked, case_name(problem)) != asked.end()) {
          throw UsageError(e.what());
        }
        group.refuse(e.what());
      }
      if (options_.baselines && !options_.turns && selected(kProductYardstick)) {
        add_product(group, problem);
      }
      if (group.empty()) continue;
      record_.run.planned += static_cast<int>(group.size());
      for (std::size_t i = 0; i < group.size(); ++i) planned_.push_back(group.name(i));
      groups_.push_back(std::move(group));
    }
  }
}

// Ours with other schedules than the table's: with all, or with what was found to be faster.
void Run::add_schedules(MeasuredGroup& group, const Problem& problem,
                        const std::vector<std::string>& offered) {
  Device& device = group.device();
  const DeviceInfo& info = device.info();
  if (offered.size() < 2) return;
  group.set_schedule(offered.front());
  std::vector<std::string> wanted;
  if (options_.all_schedules) wanted.assign(offered.begin() + 1, offered.end());
  if (const auto found = tuned_.find(&device); found != tuned_.end()) {
    const TunedClass* tuned = find_class(*found->second, problem);
    if (tuned != nullptr && std::ranges::find(offered, tuned->schedule) == offered.end()) {
      say("moat: warning: --tuned {}: {} is offered no schedule {}\n", options_.tuned->string(),
          case_name(problem), one_line(tuned->schedule));
    } else if (tuned != nullptr && tuned->schedule != offered.front()) {
      wanted.push_back(tuned->schedule);
    }
  }
  for (const std::string& schedule : wanted) {
    const std::string name = with_schedule(schedule);
    if (!flags_.selects(entry_name(problem, info, name))) continue;
    group.add({.name = name, .prepare = [&device, schedule] {
                 return [&device, schedule](const Problem& p) { device.run_with(schedule, p); };
               }});
  }
}

// What --tuned knows of the devices; of those that it knows nothing of a warning tells why.
void Run::read_tuned_devices() {
  if (!options_.tuned) return;
  tuned_file_ = read_tuned(*options_.tuned);
  const std::string commit = record_.build.commit.value.value_or("unknown");
  if (tuned_file_.commit != commit) {
    say("moat: warning: --tuned {} was measured by a build of commit {}, this is {}; it is used "
        "nevertheless\n",
        options_.tuned->string(), one_line(tuned_file_.commit), commit);
  }
  if (tuned_file_.hot != options_.hot) {
    say("moat: warning: --tuned {} was measured {} --hot, this run is {} it; it is used "
        "nevertheless\n",
        options_.tuned->string(), tuned_file_.hot ? "with" : "without",
        options_.hot ? "with" : "without");
  }
  for (const auto& device : devices_.all) {
    const TunedFor found = find_device(tuned_file_, device->info());
    if (found.device != nullptr) {
      tuned_.emplace(device.get(), found.device);
    } else {
      say("moat: warning: --tuned {} is not used for {}: {}\n", options_.tuned->string(),
          device_name(device->info()), one_line(found.why_not));
    }
  }
}

// The yardstick of products. One that does not fit into what the problem leaves of the memory stays
// away, and our kernel's entry tells why.
void Run::add_product(MeasuredGroup& group, const Problem& problem) const {
  Device& device = group.device();
  const auto& yardstick = baselines_.at(&device).product;
  const auto product = yardstick ? yardstick->beside(problem) : std::nullopt;
  if (!product) return;
  const DeviceInfo& info = device.info();
  const GroupOptions options = group_options(device);
  std::size_t left = options.memory_limit;
  double host = 0;
  if (group.contenders() > 0) {
    left -= std::min(left, bytes_of_sets(device, problem, group.contenders(), options));
    host = host_memory(problem, group.contenders(), info);
  }
  try {
    check_memory(*product, left,
                 fmt::format("{}, beside {},", device_name(info), case_name(problem)));
    check_host_memory(*product, 1, options_, info, host);
  } catch (const CaseError& e) {
    return group.add_absent({.name = kProductYardstick, .reason = e.what()});
  }
  group.add_product(*product);
}

// How a group on the device is measured, but for whom it takes turns with.
GroupOptions Run::group_options(const Device& device) const {
  MeasureOptions measure = measure_options(options_, device.info());
  measure.scheduling = world_.scheduling;
  return {.measure = std::move(measure),
          .turns = nullptr,
          .seed = options_.seed,
          .memory_limit = memory_limit(options_, device)};
}

// Leaves out what the record at `path_` has.
void Run::resume() {
  if (!std::filesystem::exists(path_)) return;
  const auto refuse = [&](const std::string& why) {
    // Nobody asks moat tune for it.
    throw UsageError(
        fmt::format("{}{} is not continued: {}. Give --out another file, or remove this one",
                    options_.all_schedules ? "" : "--resume: ", path_.string(), why));
  };
  std::ifstream file(path_);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  try {
    earlier_ = parse_record(text);
  } catch (const JsonError& e) {
    refuse(e.what());
  }
  Record now = record_;
  for (const auto& device : devices_.all) now.devices.push_back(device_record(device->info(), {}));
  if (const std::string why = why_not_resumed(*earlier_, now); !why.empty()) refuse(why);
  // The options are the same, and their files may say something else now.
  for (const CaseRecord& c : earlier_->cases) {
    if (std::ranges::none_of(
            planned_, [&](const std::string& name) { return name.starts_with(c.problem + '/'); })) {
      refuse(fmt::format("{} is there, and is not among the cases now", c.problem));
    }
  }
  const auto done = [&](const MeasuredGroup& group) {
    for (std::size_t i = 0; i < group.size(); ++i) {
      if (!has_case(*earlier_, group.name(i), record_.run.repetitions)) return false;
    }
    return true;
  };
  std::vector<MeasuredGroup> left;
  for (MeasuredGroup& group : groups_) {
    if (!done(group)) left.push_back(std::move(group));
  }
  groups_ = std::move(left);
  std::size_t to_measure = 0;
  for (const MeasuredGroup& group : groups_) to_measure += group.size();
  say("moat: {} has {} of {} results; {} are left to measure\n", path_.string(),
      planned_.size() - to_measure, planned_.size(), to_measure);
}

void Run::measure() {
  Progress progress(clock_,
                    {.total = devices_.all.size() +
                              groups_.size() * static_cast<std::size_t>(flags_.repetitions()),
                     .always = options_.progress,
                     .never = options_.plugin_child.has_value()});
  for (const auto& device : devices_.all) {
    progress.step("ceilings of " + device_name(device->info()));
    Ceilings& ceilings = ceilings_[device.get()];
    if (groups_.empty()) {
      ceilings.missing = {"no case was left to measure"};
      continue;
    }
    if (options_.all_schedules) {
      // Ratios need none.
      ceilings.missing = {"not measured while schedules are tuned"};
      continue;
    }
    if (options_.plugin_child) {
      ceilings.missing = {"measured by the process that this one belongs to"};
      continue;
    }
    if (options_.turns) {
      // Its ratios need none, and the other build would wait meanwhile.
      ceilings.missing = {"not measured while two builds take turns"};
      continue;
    }
    try {
      ceilings =
          world_.ceilings(*device, clock_, memory_limit(options_, *device), needs_of(*device));
    } catch (const DeviceError& e) {
      ceilings.missing = {e.what()};
    }
  }

  if (options_.turns) {
    std::vector<std::string> names;
    for (const MeasuredGroup& group : groups_) {
      for (int r = 0; r < flags_.repetitions(); ++r) {
        names.push_back(group.turn_name(static_cast<std::size_t>(r)));
      }
    }
    turns_.emplace(options_.turns->in, options_.turns->out, names);
  }

  std::map<const Device*, GroupOptions> options;
  for (const auto& device : devices_.all) {
    options[device.get()] = group_options(*device);
    if (turns_) options[device.get()].turns = &*turns_;
  }
  std::vector<Entry> entries;
  for (MeasuredGroup& group : groups_) {
    for (std::size_t i = 0; i < group.size(); ++i) {
      entries.push_back(
          {group.name(i), [&, i](int repetition) {
             const std::size_t measured = group.repetitions();
             const bool over =
                 options_.limit_seconds && clock_.now() - start_ > *options_.limit_seconds;
             if (over && measured == 0 && i == 0 && &group != &groups_.front()) end_in_time();
             EntryResult result =
                 group.result(i, repetition, options.at(&group.device()), clock_, progress);
             if (group.repetitions() > measured && !options_.plugin_child) confirm_ceilings(group);
             if (i == 0 && options_.resume && repetition + 1 == flags_.repetitions()) {
               write_so_far();
             }
             return result;
           }});
    }
  }
  Scheduling* const source = world_.scheduling;
  waited_before_ = source != nullptr ? source->totals() : std::nullopt;
  steal_before_ = source != nullptr ? source->steal_seconds() : std::nullopt;
  if (!entries.empty()) google_benchmark_ = run_google_benchmark(flags_, entries, *out_);
}

CeilingNeeds Run::needs_of(const Device& device) const {
  std::vector<Problem> problems;
  for (const MeasuredGroup& group : groups_) {
    if (&group.device() == &device) problems.push_back(group.problem());
  }
  return ceilings_needed(problems, !options_.hot);
}

// What was measured so far, here and by the run that this one continues.
void Run::gather(Record& record, std::vector<MeasuredGroup>& groups) const {
  record.run.scheduling = scheduling_since(waited_before_, steal_before_);
  for (const auto& device : devices_.all) {
    record.devices.push_back(device_record(device->info(), ceilings_.at(device.get())));
  }
  for (MeasuredGroup& group : groups) {
    for (CaseRecord& c : group.finish(ceilings_.at(&group.device()))) {
      record.cases.push_back(std::move(c));
    }
  }
  record.skipped_backends = devices_.skipped;
  if (earlier_) add_earlier(record, *earlier_, planned_);
  for (CaseRecord& c : record.cases) {
    const auto weight = weights_.find(c.problem);
    c.weight = weight == weights_.end() ? std::nullopt : std::optional(weight->second);
  }
}

// The record of a run that ends here, for the case that it does.
void Run::write_so_far() {
  Record record = record_;
  record.run.interrupted = true;
  record.run.duration_seconds = clock_.now() - start_;
  std::vector<MeasuredGroup> groups = groups_;
  gather(record, groups);
  try {
    write_file(path_, to_text(record));
    unwritten_ = false;
  } catch (const WriteError& e) {
    // What is measured stays in memory; the record of the whole run is written at its end.
    if (!unwritten_) say("moat: warning: {}; the run goes on\n", e.what());
    unwritten_ = true;
  }
}

// What the machine reaches changes within minutes, where others use its host: before a case is
// called suspect, the ceilings are measured again while the case's own conditions last.
void Run::confirm_ceilings(MeasuredGroup& group) {
  Ceilings& ceilings = ceilings_.at(&group.device());
  group.raise(ceilings);
  if (!group.exceeds(ceilings)) return;
  if (interrupted()) {
    Ceilings none;
    none.interrupted = {"all"};
    return group.confirm(std::move(none));
  }
  Device& device = group.device();
  try {
    Ceilings beside = world_.ceilings(device, clock_, memory_limit(options_, device),
                                      ceilings_needed({group.problem()}, !options_.hot));
    group.confirm(beside);
    ceilings = best_of(std::move(ceilings), std::move(beside));
  } catch (const DeviceError& e) {
    ceilings.missing.emplace_back(e.what());
  }
}

// What the threads waited since `start`, and the host took since `steal`.
Reading<SchedulingRecord> Run::scheduling_since(const std::optional<SchedulingTotals>& start,
                                                const std::optional<double>& steal) const {
  if (world_.scheduling == nullptr) return Reading<SchedulingRecord>::none("not watched");
  const auto end = world_.scheduling->totals();
  if (!start || !end) return Reading<SchedulingRecord>::none(world_.scheduling->reason());
  const auto steal_end = world_.scheduling->steal_seconds();
  SchedulingRecord r{
      .waited_seconds = end->waited_seconds - start->waited_seconds,
      .involuntary_switches = end->involuntary_switches - start->involuntary_switches,
      .steal_seconds = Reading<double>::none("/proc/stat does not tell it")};
  if (steal && steal_end) {
    r.steal_seconds = Reading<double>::of(std::max(*steal_end - *steal, 0.0));
  }
  return Reading<SchedulingRecord>::of(std::move(r));
}

void Run::write_record() {
  const std::string text = to_text(record_);
  // A name that was made up may have been another run's idea too.
  const bool own_name = options_.out && path_ == *options_.out;
  // One that cannot be written does not keep the others back.
  std::exception_ptr unwritten;
  const auto attempt = [&](auto&& write) {
    try {
      write();
    } catch (const WriteError&) {
      if (!unwritten) unwritten = std::current_exception();
    }
  };
  attempt([&] {
    try {
      if (own_name) {
        write_file(path_, text);
      } else {
        path_ = write_new_file(path_, text);
      }
    } catch (const WriteError& e) {
      // A reader that went away wants nothing more.
      if (*e.what() != '\0') rescue(text);
      throw;
    }
  });
  if (options_.export_gbench) {
    attempt(
        [&] { write_file(*options_.export_gbench, dump_strict(to_google_benchmark(record_))); });
  }
  if (!flags_.out().empty()) attempt([&] { write_file(flags_.out(), google_benchmark_); });
  if (unwritten) std::rethrow_exception(unwritten);
}

// Puts a record that could not be written where it was to go among the temporary files.
void Run::rescue(const std::string& text) const {
  try {
    const auto path =
        write_new_file(std::filesystem::temp_directory_path() / "moat-record.json", text);
    say("moat: the record is in {} instead\n", path.string());
  } catch (const std::exception& e) {
    say("moat: nor can the record be kept elsewhere: {}; with --out FILE.json --resume a run keeps "
        "each case once it is measured\n",
        e.what());
  }
}

int Run::exit_code() const {
  if (record_.run.interrupted && !out_of_time()) return kExitInterrupted;
  int code = kExitOk;
  for (const CaseRecord& c : record_.cases) {
    if (c.status == Status::failed || c.status == Status::suspect) return kExitFailed;
    if (c.status == Status::error) code = kExitDevice;
    if (c.status == Status::disturbed && code == kExitOk) code = kExitDisturbed;
  }
  if (record_.told && std::ranges::any_of(*record_.told, [](const ToldRecord& t) {
        return !t.seconds.value.has_value();
      })) {
    code = kExitDevice;
  }
  return code;
}

}  // namespace

int run(const RunOptions& options, const RunWorld& world) { return Run(options, world).execute(); }

}  // namespace moat
