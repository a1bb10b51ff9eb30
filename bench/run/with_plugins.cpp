// SPDX-License-Identifier: Apache-2.0
#include "bench/run/with_plugins.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "bench/cases/case.hpp"
#include "bench/plugin/child.hpp"
#include "bench/record/say.hpp"
#include "bench/run/case_records.hpp"
#include "bench/run/usage_error.hpp"

namespace moat {
namespace {

// A device whose queue was waited for has ended the calls that it was given.
class WatchedDevice final : public Device {
 public:
  WatchedDevice(std::unique_ptr<Device> device, WatchPage* page)
      : device_(std::move(device)), page_(page) {}

  const DeviceInfo& info() const override { return device_->info(); }
  void* allocate(std::size_t bytes) override { return device_->allocate(bytes); }
  void release(void* p) noexcept override { device_->release(p); }
  void upload(void* to, const void* from, std::size_t bytes) override {
    device_->upload(to, from, bytes);
  }
  void download(void* to, const void* from, std::size_t bytes) override {
    device_->download(to, from, bytes);
  }
  void fill(void* p, unsigned char byte, std::size_t bytes) override {
    device_->fill(p, byte, bytes);
  }
  void run(const Problem& problem) override { device_->run(problem); }
  void synchronize() override {
    device_->synchronize();
    page_->inside = 0;
  }
  std::vector<std::string> schedules(const Problem& problem) override {
    return device_->schedules(problem);
  }
  void run_with(const std::string& schedule, const Problem& problem) override {
    device_->run_with(schedule, problem);
  }
  std::vector<Unit> units() override { return device_->units(); }
  void* stream() override { return device_->stream(); }
  void start_timer() override { device_->start_timer(); }
  void stop_timer() override { device_->stop_timer(); }
  double elapsed() override {
    const double seconds = device_->elapsed();
    page_->inside = 0;
    return seconds;
  }
  std::optional<int> clock_mhz() override { return device_->clock_mhz(); }

 private:
  std::unique_ptr<Device> device_;
  WatchPage* page_;
};

UsageError wrong(const std::filesystem::path& file, const std::string& why) {
  return UsageError(fmt::format("--plugin {}: {}", file.string(), why));
}

// "--cpu SET" of a command line, which no option of the run holds.
std::optional<std::string> cpu_set(const std::vector<std::string>& arguments) {
  constexpr std::string_view kOption = "--cpu";
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    const std::string& a = arguments[i];
    if (a == kOption && i + 1 < arguments.size()) return arguments[i + 1];
    if (a.starts_with("--cpu=")) return a.substr(kOption.size() + 1);
  }
  return std::nullopt;
}

// The command line of a process that measures one case on one device.
std::vector<std::string> arguments_of(const RunOptions& o, int threads, const Problem& problem,
                                      const DeviceInfo& device, std::uint64_t seed) {
  std::vector<std::string> a = {"run",
                                "--case",
                                case_name(problem),
                                "--device",
                                device_name(device),
                                "--seed",
                                std::to_string(seed),
                                "--threads",
                                std::to_string(threads)};
  const auto add = [&](std::initializer_list<std::string> more) { a.insert(a.end(), more); };
  if (o.budget_seconds) add({"--budget", fmt::format("{}", *o.budget_seconds)});
  if (o.samples) add({"--samples", std::to_string(*o.samples)});
  if (o.min_samples > 0) add({"--min-samples", std::to_string(o.min_samples)});
  if (o.hot) add({"--hot"});
  if (!o.baselines) add({"--no-baselines"});
  if (o.tuned) add({"--tuned", o.tuned->string()});
  if (const auto set = cpu_set(o.arguments)) add({"--cpu", *set});
  for (const std::string& flag : o.google_benchmark) {
    if (flag.starts_with("--benchmark_filter")) a.push_back(flag);
  }
  a.emplace_back("--benchmark_repetitions=1");
  return a;
}

}  // namespace

PluginUse::PluginUse(const RunOptions& options, int threads, std::vector<int> processors,
                     Devices& devices, const std::vector<Problem>& problems)
    : options_(options), threads_(threads), processors_(std::move(processors)) {
  if (options_.plugin_child) {
    load(devices);
  } else {
    ask(devices, problems);
  }
}

void PluginUse::ask(const Devices& devices, const std::vector<Problem>& problems) {
  std::vector<DeviceInfo> infos;
  for (const auto& device : devices.all) infos.push_back(device->info());
  for (const auto& file : options_.plugins) {
    try {
      described_.push_back(
          describe_plugin(file, infos, threads_, problems, options_.plugin_seconds));
    } catch (const std::exception& e) {
      throw wrong(file, e.what());
    }
    const DescribedPlugin& plugin = described_.back();
    const PluginDescription& d = plugin.description;
    if (!index_.emplace(d.name, static_cast<int>(index_.size())).second) {
      throw wrong(file, fmt::format("it calls itself {}, as another plug-in does", d.name));
    }
    const auto suits = [&](const DeviceInfo& info) { return info.backend == d.backend; };
    if (std::ranges::none_of(infos, suits)) {
      absent_.push_back(
          {d.name, fmt::format("it solves on {}, and no such device takes part", d.backend)});
      say("moat: note: --plugin {}: {}\n", file.string(), absent_.back().reason);
      continue;
    }
    std::string why;
    bool solves = problems.empty();
    for (const DeviceInfo& info : infos) {
      if (!suits(info)) continue;
      for (const auto& [name, reason] : plugin.answers.at(device_name(info))) {
        solves = solves || reason.empty();
        if (why.empty()) why = reason;
      }
    }
    if (!solves) {
      throw wrong(file, fmt::format("it solves none of these cases: {}. What it declares: {}", why,
                                    solves_text(d)));
    }
  }
}

void PluginUse::load(Devices& devices) {
  parent_ = parse_descriptors(*options_.plugin_child);
  page_ = map_watch_page(parent_.watch);
  for (const auto& file : options_.plugins) {
    const int index = static_cast<int>(loaded_.size());
    loaded_.push_back(std::make_unique<Plugin>(file, index, page_));
    index_.emplace(loaded_.back()->description().name, index);
  }
  for (auto& device : devices.all) {
    if (!device->info().host) {
      device = std::make_unique<WatchedDevice>(std::move(device), page_);
    }
  }
}

std::vector<LibraryRecord> PluginUse::join(Device& device, Baselines& baselines) const {
  std::vector<LibraryRecord> records;
  for (const auto& plugin : loaded_) {
    if (plugin->description().backend != device.info().backend) continue;
    baselines.found.push_back(std::make_unique<PluginBaseline>(*plugin, device, threads_));
  }
  for (const DescribedPlugin& plugin : described_) {
    const PluginDescription& d = plugin.description;
    if (d.backend != device.info().backend) continue;
    const bool taken =
        is_ours(d.name) || is_yardstick(d.name) ||
        std::ranges::any_of(baselines.found, [&](const auto& b) { return b->name() == d.name; });
    if (taken)
      throw wrong(plugin.file, fmt::format("it calls itself {}: that name is taken", d.name));
    auto baseline = std::make_unique<DescribedBaseline>(plugin, device_name(device.info()));
    records.push_back({.name = d.name,
                       .version = d.version,
                       .detail = baseline->detail(),
                       .sha256 = plugin.sha256,
                       .sources = d.sources});
    baselines.found.push_back(std::move(baseline));
  }
  return records;
}

std::function<void()> PluginUse::when_spoiled(const std::string& name) const {
  return [page = page_, index = index_.at(name)] {
    if (page != nullptr) page->spoiled = index + 1;
  };
}

std::vector<CaseRecord> PluginUse::measure(const Problem& problem, const DeviceInfo& device,
                                           std::uint64_t seed) const {
  std::vector<CaseRecord> guilty;
  std::vector<const DescribedPlugin*> in;
  for (const DescribedPlugin& plugin : described_) in.push_back(&plugin);
  for (;;) {
    ChildOptions options{.arguments = arguments_of(options_, threads_, problem, device, seed),
                         .option = "--plugin-child",
                         .input = {},
                         .processors = processors_,
                         .call_seconds = options_.plugin_seconds};
    for (const DescribedPlugin* plugin : in) {
      options.arguments.insert(options.arguments.end(), {"--plugin", plugin->file.string()});
    }
    const ChildResult child = run_child(options);
    std::vector<CaseRecord> cases;
    if (child.good) cases = parse_record(child.result).cases;
    const int at = child.good ? child.spoiled : child.plugin;
    if (child.good && at < 0) {
      std::ranges::move(guilty, std::back_inserter(cases));
      return cases;
    }
    if (at < 0 || at >= static_cast<int>(in.size())) {
      throw std::runtime_error(fmt::format("the process of the case {}", child.end));
    }
    const std::string& name = in[static_cast<std::size_t>(at)]->description.name;
    CaseRecord c = empty_case(problem, device, name);
    const auto own = std::ranges::find(cases, c.name, &CaseRecord::name);
    if (own != cases.end()) {
      c = std::move(*own);
    } else {
      c.status = Status::error;
      c.message = fmt::format("the plug-in {}", child.end);
    }
    guilty.push_back(std::move(c));
    in.erase(in.begin() + at);
  }
}

void PluginUse::answer(const std::string& record) const { write_to(parent_.result, record); }

}  // namespace moat
