// SPDX-License-Identifier: Apache-2.0
#include "bench/run/ab.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

#include "backends/cpu/processor.hpp"
#include "backends/device.hpp"
#include "bench/compare/comparison.hpp"
#include "bench/compare/format.hpp"
#include "bench/measure/sampler.hpp"
#include "bench/record/file.hpp"
#include "bench/record/provenance.hpp"
#include "bench/record/say.hpp"
#include "bench/record/standard_streams.hpp"
#include "bench/run/case_records.hpp"
#include "bench/run/google_benchmark_run.hpp"
#include "bench/run/interrupt.hpp"
#include "bench/run/placement.hpp"
#include "bench/run/problem_options.hpp"
#include "bench/run/turns.hpp"
#include "bench/run/usage_error.hpp"
#include "bench/text/exit_codes.hpp"
#include "bench/text/grid.hpp"
#include "bench/text/progress.hpp"
#include "bench/text/terminal.hpp"

namespace moat {
namespace {

namespace fs = std::filesystem;

// How many processes each build gets, unless --benchmark_repetitions tells. Verifying takes time in
// each of them; Student's interval of 6 is a sixth wider than that of many with the same error.
constexpr int kProcesses = 6;
// A process by itself needs time to warm up.
constexpr double kLeastBudget = 0.5;

// What the user asked for, as the processes of both builds get it.
struct Plan {
  int processes = kProcesses;
  std::vector<std::string> arguments;
};

// Repetitions are processes here: one in the same process finds its code, and often its operands,
// where the one before had them. Those that the user did not count share --budget and --samples.
Plan plan_of(const RunOptions& options) {
  constexpr std::string_view kRepetitions = "--benchmark_repetitions";
  const int repetitions = GoogleBenchmarkFlags(options.google_benchmark).repetitions();
  const bool counted =
      repetitions > 1 || std::ranges::any_of(options.google_benchmark, [&](const std::string& a) {
        return a.starts_with(kRepetitions);
      });
  Plan plan;
  if (counted) {
    plan.processes = repetitions;
  } else if (options.samples) {
    plan.processes = std::min(plan.processes, *options.samples);
  }

  std::vector<std::string> own = {"--ab", "--out", "--format"};
  if (!counted) own.insert(own.end(), {"--budget", "--samples"});
  for (std::size_t i = 1; i < options.arguments.size(); ++i) {
    const std::string& a = options.arguments[i];
    if (std::ranges::find(own, a) != own.end()) {
      ++i;
    } else if (!a.starts_with(kRepetitions) &&
               std::ranges::none_of(own, [&](const auto& o) { return a.starts_with(o + "="); })) {
      plan.arguments.push_back(a);
    }
  }
  plan.arguments.push_back(fmt::format("{}=1", kRepetitions));
  if (!counted) {
    const double budget = options.budget_seconds.value_or(SamplerOptions{}.budget_seconds);
    const double share = std::max(budget / plan.processes, std::min(budget, kLeastBudget));
    plan.arguments.insert(plan.arguments.end(), {"--budget", fmt::format("{}", share)});
    if (options.samples) {
      const int samples = ceil_div(*options.samples, plan.processes);
      plan.arguments.insert(plan.arguments.end(), {"--samples", fmt::format("{}", samples)});
    }
  }
  return plan;
}

// The processors for `threads` threads of both builds, where there are more: left to the system,
// each build would stay on a processor of its own, and one of them can be half as fast for seconds.
// All that the process may use otherwise.
std::vector<int> shared_processors(int threads) {
  std::vector<int> processors = cpu::fixed_processors(threads);
  return processors.empty() ? cpu::allowed_processors() : processors;
}

// What the process said on standard error, kept in a file without a name so that it never blocks.
class Output {
 public:
  Output() : file_(std::tmpfile()) {
    if (file_ == nullptr) throw std::system_error(errno, std::generic_category(), "tmpfile");
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output() { std::fclose(file_); }

  int descriptor() const { return fileno(file_); }
  std::string text() const {
    std::string text;
    std::rewind(file_);
    for (int c = std::fgetc(file_); c != EOF; c = std::fgetc(file_)) text += static_cast<char>(c);
    return text;
  }

 private:
  std::FILE* file_;
};

// One of the two builds, and what its processes measured so far.
struct Side {
  const char* role;
  fs::path executable;
  fs::path path;  // of the record
  std::optional<Record> record;
};

// A process of a build, which waits for its turns.
class Peer {
 public:
  explicit Peer(const Side& side) : side_(side) {}
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer() {
    for (const int fd : {to_, from_}) {
      if (fd >= 0) close(fd);
    }
    if (child_ > 0) {
      kill(child_, SIGTERM);
      wait();
    }
  }

  // Starts it and lets it work until it asks for its first round.
  void start(std::vector<std::string> arguments, const std::string& session, int threads,
             const std::vector<int>& processors);

  // Answers, and lets it work until its next question.
  void sample(const std::vector<int>& calls) { answer("sample " + format_calls(calls)); }
  void stop() { answer("stop"); }

  // Waits for its end.
  int wait() {
    if (child_ > 0) {
      int status = 0;
      while (waitpid(child_, &status, 0) < 0 && errno == EINTR) {
      }
      child_ = -1;
      exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : kExitDevice;
    }
    return exit_code_;
  }

  bool started() const { return to_ >= 0; }
  bool done() const { return done_; }
  bool wants() const { return wants_; }
  const std::string& group() const { return group_; }
  const std::vector<int>& calls() const { return calls_; }
  bool plans(const std::string& group) const {
    return std::ranges::find(plan_, group) != plan_.end();
  }
  std::size_t left() const { return plan_.size(); }
  bool spoke() const { return spoke_; }
  std::string errors() const { return errors_.text(); }

 private:
  void answer(const std::string& text) {
    if (!write_all(to_, text + '\n')) done_ = true;
    listen();
  }

  void listen() {
    std::string line;
    while (!done_) {
      if (!reader_ || !reader_->read(line)) {
        done_ = true;
      } else if (line == "moat-turns 1") {
        spoke_ = true;
      } else if (line.starts_with("group ")) {
        plan_.push_back(line.substr(6));
      } else if (line.starts_with("round ")) {
        const auto name = line.find(' ', 8);
        wants_ = line[6] == '1';
        calls_ = parse_calls(std::string_view(line).substr(8, name - 8));
        group_ = name == std::string::npos ? "" : line.substr(name + 1);
        if (const auto at = std::ranges::find(plan_, group_); at != plan_.end()) {
          plan_.erase(plan_.begin(), at + 1);
        }
        return;
      }
    }
  }

  const Side& side_;
  pid_t child_ = -1;
  int to_ = -1;
  int from_ = -1;
  int exit_code_ = kExitDevice;
  bool done_ = false;
  bool wants_ = false;
  bool spoke_ = false;
  std::string group_;
  std::vector<int> calls_;
  std::deque<std::string> plan_;  // groups that are still to come
  std::unique_ptr<LineReader> reader_;
  Output errors_;
};

void Peer::start(std::vector<std::string> arguments, const std::string& session, int threads,
                 const std::vector<int>& processors) {
  std::array<int, 2> to{};
  std::array<int, 2> from{};
  if (pipe2(to.data(), O_CLOEXEC) != 0 || pipe2(from.data(), O_CLOEXEC) != 0) {
    throw std::system_error(errno, std::generic_category(), "pipe");
  }
  arguments.insert(arguments.begin(), side_.executable.string());
  for (const std::string& a : {std::string("--out"), side_.path.string(), std::string("--turns"),
                               fmt::format("{},{},{}", to[0], from[1], session)}) {
    arguments.push_back(a);
  }
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (auto& a : arguments) argv.push_back(a.data());
  argv.push_back(nullptr);

  const pid_t parent = getpid();
  child_ = fork();
  if (child_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (child_ == 0) {
    // Ctrl-C reaches all of a group: the parent alone passes it on, so that it counts once.
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    // What reaches it before it is the other build must not be lost in this one's handler.
    for (const int s : {SIGINT, SIGTERM}) std::signal(s, SIG_DFL);
    if (getppid() != parent || interrupted()) _exit(kExitInterrupted);
    cpu::keep_on(processors);
    fcntl(to[0], F_SETFD, 0);
    fcntl(from[1], F_SETFD, 0);
    dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
    dup2(errors_.descriptor(), STDERR_FILENO);
    // A build that knows nothing of places would take its first thread's for all that there are.
    const std::string count = std::to_string(threads > 0 ? threads : cpu::default_threads());
    if (set_placement(threads)) setenv("OMP_NUM_THREADS", count.c_str(), 0);
    // Threads that spin after their work would take the cores from the build whose turn it is.
    setenv("GOMP_SPINCOUNT", "10000", 0);
    setenv("KMP_BLOCKTIME", "0", 0);
    execv(argv[0], argv.data());
    const std::string text =
        fmt::format("{}: {}\n", argv[0], std::generic_category().message(errno));
    write_all(STDERR_FILENO, text);
    _exit(kExitUsage);
  }
  pass_interrupts_to(child_);
  if (interrupted()) kill(child_, SIGTERM);
  close(to[0]);
  close(from[1]);
  to_ = to[1];
  from_ = from[0];
  reader_ = std::make_unique<LineReader>(from_);
  listen();
}

// Base, new, new, base … until neither wants more; a group that only one of them has, alone.
void take_turns(Peer& base, Peer& now, Progress& progress) {
  while (!base.done() || !now.done()) {
    if (base.done() || now.done() || base.group() != now.group()) {
      Peer* alone = base.done() ? &now : &base;
      if (!base.done() && !now.done() && now.plans(base.group())) alone = &now;
      if (alone->wants()) {
        alone->sample(alone->calls());
      } else {
        alone->stop();
      }
      continue;
    }
    const std::string group = base.group();
    progress.step(group.substr(0, group.rfind('/')) + ", both builds in turns");
    // The same work in both samples: a call by itself takes longer than one of many.
    std::vector<int> calls = base.calls();
    for (std::size_t i = 0; i < std::min(calls.size(), now.calls().size()); ++i) {
      calls[i] = std::max(calls[i], now.calls()[i]);
    }
    const auto together = [&] {
      return !base.done() && !now.done() && base.group() == group && now.group() == group;
    };
    for (bool base_first = true; together() && (base.wants() || now.wants());
         base_first = !base_first) {
      Peer& first = base_first ? base : now;
      Peer& second = base_first ? now : base;
      first.sample(calls);
      second.sample(calls);
    }
    for (Peer* b : {&base, &now}) {
      if (!b->done() && b->group() == group) b->stop();
    }
  }
}

// What all processes of both builds have in common.
struct Session {
  std::string name;
  int threads = 0;
  std::vector<int> processors;
};

// Says why a process did not end well, once for each build, and returns its exit code, or 0 if its
// record counts. A process that the user stopped is no build's fault.
int explain(Peer& peer, const Side& side) {
  // The ratios of disturbed cases may stand all the same: their comparison tells.
  const int code = peer.wait() == kExitDisturbed ? static_cast<int>(kExitOk) : peer.wait();
  const bool there = fs::exists(side.path);
  if (((code != kExitOk && !side.record) || !there) && !interrupted()) {
    const std::string errors = peer.errors();
    say("moat: the {} build, {}, ended with exit code {}{}{}", side.role, side.executable.string(),
        code, errors.empty() ? "\n" : ":\n", errors);
    if (!peer.spoke() && code == kExitOk) {
      say("moat: it took no turns: is it the moat of another build?\n");
    }
    if (!peer.spoke() && errors.find("--turns") != std::string::npos) {
      say("moat: it is older than --ab; build a commit that has it\n");
    }
  }
  return code == kExitOk && !there ? static_cast<int>(kExitDevice) : code;
}

// One process of each build after the other. Where operands and code come to lie is drawn anew for
// each, so that the ratios' spread between them tells what that changes (bench/compare/student.hpp,
// Kalibera and Jones 2013). Ends early where a process leaves no record or the user stops, and the
// records say so; a pair that was stopped counts only if it is the first. Returns one of ExitCode.
int measure_in_turns(Side& base, Side& fresh, const Plan& plan, const Session& session) {
  SteadyClock clock;
  std::optional<Progress> progress;
  int exit_code = kExitOk;
  int pairs = 0;
  for (int i = 0; i < plan.processes && !interrupted(); ++i) {
    for (const Side* b : {&base, &fresh}) fs::remove(b->path);
    pass_interrupts_to(0);
    Peer first(base);
    Peer second(fresh);
    const auto start = [&](Peer& peer) {
      peer.start(plan.arguments, session.name, session.threads, session.processors);
    };
    // The one that starts first may find more huge pages.
    const bool base_first = i % 2 == 0;
    start(base_first ? first : second);
    if (!(base_first ? first : second).done() && !interrupted()) {
      start(base_first ? second : first);
    }
    if (!progress) {
      const std::size_t groups = std::max(first.left(), second.left());
      progress.emplace(
          clock, ProgressOptions{.total = static_cast<std::size_t>(plan.processes) * groups + 1});
    }
    take_turns(first, second, *progress);

    for (auto [peer, side] : {std::pair(&first, &base), {&second, &fresh}}) {
      if (!peer->started()) continue;
      if (const int code = explain(*peer, *side); code != kExitOk) exit_code = code;
    }
    if (!fs::exists(base.path) || !fs::exists(fresh.path) || (i > 0 && interrupted())) break;
    for (Side* b : {&base, &fresh}) {
      Record one = std::move(read_records({b->path}).front().record);
      if (b->record) {
        add_process(*b->record, std::move(one));
      } else {
        b->record = std::move(one);
      }
    }
    ++pairs;
  }
  if (pairs > 0 && pairs < plan.processes) {
    base.record->run.interrupted = fresh.record->run.interrupted = true;
    if (exit_code == kExitOk) exit_code = kExitInterrupted;
  }
  return interrupted() ? static_cast<int>(kExitInterrupted) : exit_code;
}

// What a run by itself writes or prints, and two builds in several processes each cannot.
void refuse_other_output(const RunOptions& options, const GoogleBenchmarkFlags& flags) {
  if (options.export_gbench) throw UsageError("--ab writes two records: leave --export out");
  if (options.format == TableFormat::csv) {
    throw UsageError("--ab prints a comparison: table or markdown, not csv");
  }
  if (options.out && (options.out->extension() == ".json" || *options.out == "-")) {
    throw UsageError(
        fmt::format("--ab writes two records: make --out {} a folder", options.out->string()));
  }
  if (flags.list_only()) {
    throw UsageError("--ab measures: leave --benchmark_list_tests out");
  }
  if (!flags.out().empty()) {
    throw UsageError("--ab writes two records: leave --benchmark_out out");
  }
  if (flags.format()) throw UsageError("--ab prints a comparison: leave --benchmark_format out");
}

// Whether other work on the machine left a case without a ratio.
bool lacks_ratio(const Comparison& comparison, const std::array<const Record*, 2>& records) {
  return std::ranges::any_of(comparison.cases, [&](const CaseComparison& c) {
    return !c.ratio && std::ranges::any_of(records, [&](const Record* r) {
      const auto at = std::ranges::find(r->cases, c.name, &CaseRecord::name);
      return at != r->cases.end() && at->status == Status::disturbed;
    });
  });
}

}  // namespace

int run_ab(const RunOptions& options) {
  const GoogleBenchmarkFlags flags(options.google_benchmark);
  refuse_other_output(options, flags);
  require_consistent_options(options, flags);
  if (access(options.ab->c_str(), X_OK) != 0 || fs::is_directory(*options.ab)) {
    throw UsageError(
        fmt::format("--ab: {} is no executable; it is the moat of the build to "
                    "compare with, such as base/build/bin/moat",
                    options.ab->string()));
  }
  if (options.problems.case_file == "-") {
    throw UsageError("--ab starts several processes, and each reads --cases: name a file, not -");
  }
  select_problems(options.problems);  // throws before anything is written or removed
  const auto now = std::time(nullptr);
  std::string time = utc_time(now);
  std::erase_if(time, [](char c) { return c == ':' || c == '-'; });
  // Two comparisons may begin in one second.
  const fs::path folder =
      options.out ? *options.out : make_new_folder(fs::path("results") / "ab" / time);
  const Session session{.name = fmt::format("{}-{}", time, getpid()),
                        .threads = options.threads,
                        .processors = shared_processors(options.threads)};
  const Plan plan = plan_of(options);

  Side base{.role = "base",
            .executable = fs::absolute(*options.ab),
            .path = folder / "base.json",
            .record = {}};
  Side fresh{.role = "new",
             .executable = fs::read_symlink("/proc/self/exe"),
             .path = folder / "new.json",
             .record = {}};
  for (const Side* b : {&base, &fresh}) require_writable(b->path);
  install_interrupt_handler();
  const int exit_code = measure_in_turns(base, fresh, plan, session);
  for (Side* b : {&base, &fresh}) {
    if (!b->record) continue;
    // That of the user, not of the first of several processes.
    b->record->run.arguments = options.arguments;
    write_file(b->path, to_text(*b->record));
  }
  if (!base.record || !fresh.record) return exit_code;
  const auto before = read_records({base.path});
  const auto after = read_records({fresh.path});
  const Comparison comparison = compare_records(before, after, {});
  print_out(format_comparison(
      comparison,
      options.format == TableFormat::markdown ? CompareFormat::markdown : CompareFormat::table,
      std::nullopt, color_wanted()));
  const std::string records = fmt::format("{} {}", base.path.string(), fresh.path.string());
  say("records: {}\n", records);
  // For a person: a script has a gate of its own.
  if (isatty(STDOUT_FILENO) != 0) say("as a gate: moat compare {} --gate 5%\n", records);
  if (exit_code == kExitOk &&
      lacks_ratio(comparison, {&before.front().record, &after.front().record})) {
    return kExitDisturbed;
  }
  return exit_code;
}

}  // namespace moat
