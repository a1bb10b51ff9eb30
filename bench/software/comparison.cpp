// SPDX-License-Identifier: Apache-2.0
#include "bench/software/comparison.hpp"

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <ctime>
#include <exception>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "bench/baselines/yardsticks.hpp"
#include "bench/cases/case.hpp"
#include "bench/compare/bootstrap.hpp"
#include "bench/compare/rounds.hpp"
#include "bench/measure/sampler.hpp"
#include "bench/record/provenance.hpp"
#include "bench/record/say.hpp"
#include "bench/run/case_records.hpp"
#include "bench/run/devices.hpp"
#include "bench/run/interrupt.hpp"
#include "bench/run/threads.hpp"
#include "bench/software/crossing.hpp"
#include "bench/software/floor.hpp"
#include "bench/software/host_cache.hpp"
#include "bench/software/kept.hpp"
#include "bench/text/exit_codes.hpp"
#include "bench/text/progress.hpp"
#include "bench/verify/operands.hpp"

namespace moat {
namespace {

// How often ceilings that were disturbed are measured once more.
constexpr int kMostAgain = 3;

// A way on one device, before and after it was measured.
struct MeasuredWay {
  Way way;
  ReadWay read;
  std::string skipped = {};  // why it does not run here
  ContenderResult result = {};
  bool cold = false;

  // What other work disturbed has none: its samples say nothing beside calm ones.
  bool has_time() const {
    return result.status == Status::ok && result.measurement &&
           !result.measurement->samples.empty();
  }
  double seconds() const { return result.measurement->summary.median; }
};

// A device with the caches that what lies between steps may stay in. A host's may be fewer than
// those that operands must not be found in.
DeviceInfo near_cache(DeviceInfo device) {
  if (!device.host) return device;
  if (const auto bytes = last_level_caches(processors_of_threads(device.compute_units))) {
    device.cache_bytes = std::min(device.cache_bytes, *bytes);
  }
  return device;
}

// The ways of a pairing on one device. Ways to one problem share its operands.
class MeasuredPairing {
 public:
  MeasuredPairing(const Pairing& pairing, Device& device, const DeviceInfo& near)
      : pairing_(pairing), device_(device), near_(near) {
    for (const Way& way : pairing.ways) {
      MeasuredWay m{.way = way, .read = read_way(way.text)};
      m.skipped = m.read.missing;
      if (m.read.problem && m.read.chain != nullptr) {
        m.skipped =
            m.read.chain->unsupported(*m.read.problem, device.info()).value_or(std::string());
      }
      ways_.push_back(std::move(m));
    }
  }

  // With a yardstick for each memory ceiling that was disturbed: what is calm enough for the ways
  // is for it.
  void measure(const RunOptions& run, const RunWorld& world, Clock& clock,
               const Ceilings& ceilings) {
    std::vector<GroupPart> parts;
    std::vector<std::vector<std::size_t>> members;  // of each part
    for (std::size_t i = 0; i < ways_.size(); ++i) {
      if (!ways_[i].skipped.empty()) continue;
      const std::string name = case_name(*ways_[i].read.problem);
      auto at = std::ranges::find_if(
          parts, [&](const GroupPart& p) { return case_name(p.problem) == name; });
      if (at == parts.end()) {
        at = parts.insert(at, {.problem = *ways_[i].read.problem, .contenders = {}});
        members.emplace_back();
      }
      at->contenders.push_back(contender(ways_[i]));
      members[static_cast<std::size_t>(at - parts.begin())].push_back(i);
    }
    if (parts.empty()) return;
    std::vector<Beside> beside = add_yardsticks(parts, ceilings);
    try {
      check_room(parts, run);
      GroupOptions options{.measure = measure_options(run, device_.info()),
                           .turns = nullptr,
                           .seed = run.seed,
                           .memory_limit = memory_limit(run, device_)};
      options.measure.scheduling = world.scheduling;
      // Whole rounds: each ratio is of samples that were taken side by side.
      options.measure.next_round = [](bool wanted, std::vector<int>&) { return wanted; };
      std::vector<GroupOutcome> outcomes = run_groups(device_, parts, options, clock);
      for (std::size_t p = 0; p < parts.size(); ++p) {
        for (std::size_t i = 0; i < members[p].size(); ++i) {
          MeasuredWay& way = ways_[members[p][i]];
          way.result = std::move(outcomes[p].results[i]);
          way.cold = outcomes[p].cold;
        }
      }
      for (const Beside& b : beside) {
        if (outcomes[b.part].cold) enter(b, outcomes[b.part].results[b.contender]);
      }
    } catch (const std::exception& e) {
      for (MeasuredWay& way : ways_) {
        if (way.skipped.empty()) way.result.message = e.what();
      }
    }
    malloc_trim(0);
  }

  // The rates that yardsticks reached beside the ways.
  const Ceilings& beside() const { return beside_; }

  // Whether a way has a time and no floor, or one of its memory alone.
  bool lacks_a_floor(const Ceilings& ceilings) const {
    return std::ranges::any_of(ways_, [&](const MeasuredWay& w) {
      if (!w.has_time()) return false;
      const Floor f = floor(w, ceilings);
      return !f.seconds || f.from_memory_alone;
    });
  }

  // Whether a way is faster than the ceilings allow.
  bool exceeds(const Ceilings& ceilings) const {
    return std::ranges::any_of(ways_, [&](const MeasuredWay& w) { return suspect(w, ceilings); });
  }

  // `known`: the ceilings, and what yardsticks reached where there are none. No way is suspect for
  // being faster than these.
  Json finish(const Ceilings& ceilings, const Ceilings& known) const {
    Json ways = Json::array();
    for (const MeasuredWay& w : ways_) ways.push_back(describe(w, ceilings, known));
    Json comparisons = Json::array();
    for (std::size_t i = 1; i < ways_.size(); ++i) {
      comparisons.push_back(compare(ways_[0], ways_[i], ceilings, known));
      if (i > 1) comparisons.push_back(compare(ways_[i - 1], ways_[i], ceilings, known));
    }
    Json json = {{"name", pairing_.name},
                 {"says", pairing_.says},
                 {"device", device_name(device_.info())},
                 {"ways", std::move(ways)},
                 {"comparisons", std::move(comparisons)}};
    if (pairing_.length > 0) {
      json["series"] = pairing_.series;
      json["length"] = pairing_.length;
    }
    return json;
  }

 private:
  // A yardstick's place among what is measured.
  struct Beside {
    const Yardstick* yardstick = nullptr;
    CeilingKind kind = CeilingKind::read;
    double bytes = 0;
    std::size_t part = 0;
    std::size_t contender = 0;
  };

  // Each beside the problem of which it moves the most.
  std::vector<Beside> add_yardsticks(std::vector<GroupPart>& parts, const Ceilings& ceilings) {
    std::vector<Beside> all;
    if (!device_.info().host) return all;
    yardsticks_ = make_yardsticks(device_.info().compute_units);
    for (const auto& yardstick : yardsticks_) {
      if (std::ranges::find(ceilings.disturbed, yardstick->name()) == ceilings.disturbed.end()) {
        continue;
      }
      Beside most{
          .yardstick = yardstick.get(),
          .kind = yardstick->name() == kCopyYardstick ? CeilingKind::copy : CeilingKind::read};
      for (std::size_t p = 0; p < parts.size(); ++p) {
        const Traffic traffic = yardstick->traffic(parts[p].problem).value_or(Traffic{});
        if (traffic.read + traffic.written <= most.bytes) continue;
        most.bytes = traffic.read + traffic.written;
        most.part = p;
      }
      if (most.bytes == 0) continue;
      most.contender = parts[most.part].contenders.size();
      parts[most.part].contenders.push_back(
          {.name = yardstick->name(),
           .prepare = [y = yardstick.get()] { return [y](const Problem& p) { y->run(p); }; },
           .yardstick = yardstick.get()});
      all.push_back(most);
    }
    return all;
  }

  void enter(const Beside& b, ContenderResult& result) {
    if (result.status != Status::ok || !result.measurement) return;
    // Any rate is above none.
    (b.kind == CeilingKind::copy ? beside_.copy_bytes : beside_.read_bytes) = 0;
    enter_traffic(beside_, b.kind, b.bytes, std::move(*result.measurement));
  }

  Contender contender(const MeasuredWay& way) const {
    if (way.read.chain == nullptr) {
      return {.name = kOurs,
              .prepare = [d = &device_] { return [d](const Problem& p) { d->run(p); }; }};
    }
    return {.name = std::string(way.read.chain->name),
            .prepare = [d = &device_, chain = way.read.chain, problem = *way.read.problem] {
              return chain->prepare(*d, problem);
            }};
  }

  // Throws CaseError if all operands, and what lies between the steps, do not fit.
  void check_room(const std::vector<GroupPart>& parts, const RunOptions& run) const {
    const std::size_t limit = memory_limit(run, device_);
    for (const GroupPart& part : parts) {
      check_memory(part.problem, limit / parts.size(), device_name(device_.info()));
      check_host_memory(part.problem, part.contenders.size(), run, device_.info());
    }
    for (const MeasuredWay& w : ways_) {
      if (!w.skipped.empty() || w.read.chain == nullptr) continue;
      const auto operands = static_cast<double>(Operands::bytes(*w.read.problem));
      check_memory(
          *w.read.problem, operands + w.read.chain->scratch(*w.read.problem), limit,
          fmt::format("{}, for the steps of {},", device_name(device_.info()), w.read.chain->name));
    }
  }

  // Moved by all steps together.
  static double bytes_of(const MeasuredWay& w) {
    double bytes = 0;
    for (const Step& s : steps_of(w.read)) bytes += s.read + s.written;
    return bytes;
  }

  Floor floor(const MeasuredWay& w, const Ceilings& ceilings) const {
    return floor_of(w.read, near_, ceilings, w.cold);
  }

  bool suspect(const MeasuredWay& w, const Ceilings& ceilings) const {
    if (!w.has_time()) return false;
    const Floor f = floor(w, ceilings);
    return f.seconds && *f.seconds > kSuspectShare * w.seconds();
  }

  // Its status, and why it is not ok.
  std::pair<std::string, std::string> status(const MeasuredWay& w, const Ceilings& ceilings) const {
    if (!w.skipped.empty()) return {"skipped", w.skipped};
    if (w.result.status == Status::ok && !w.has_time()) return {"skipped", "interrupted"};
    if (w.result.status == Status::ok && suspect(w, ceilings)) {
      return {"suspect", "faster than the device's own ceilings allow"};
    }
    return {std::string(name_of(w.result.status)), w.result.message};
  }

  Json describe(const MeasuredWay& w, const Ceilings& ceilings, const Ceilings& known) const {
    const auto [word, reason] = status(w, ceilings);
    Json json = {{"name", w.way.name}, {"way", w.way.text}, {"status", word}};
    if (!reason.empty()) json["reason"] = reason;
    if (!w.read.problem) return json;
    Json steps = Json::array();
    double flops = 0;
    for (const Step& s : steps_of(w.read)) {
      flops += s.flops;
      steps.push_back({{"step", s.text},
                       {"calls", s.calls},
                       {"flops", s.flops},
                       {"read_bytes", s.read},
                       {"written_bytes", s.written}});
    }
    json["flops"] = flops;
    json["bytes"] = bytes_of(w);
    const bool more = w.read.chain != nullptr && w.read.chain->kept != nullptr;
    const double kept =
        kept_bytes(*w.read.problem) + (more ? w.read.chain->kept(*w.read.problem) : 0);
    json["kept_bytes"] = kept;
    if (const double tokens = cached_tokens(*w.read.problem); tokens > 0) {
      json["kept_bytes_per_token"] = kept / tokens;
    }
    if (w.read.chain != nullptr) {
      json["between_bytes"] = w.read.chain->between(*w.read.problem);
      json["between"] = stays_in_cache(w.read, near_) ? "cache" : "memory";
    }
    json["steps"] = std::move(steps);
    if (w.result.check) {
      json["error_over_bound"] = w.result.check->error_over_bound.value
                                     ? Json(*w.result.check->error_over_bound.value)
                                     : Json(nullptr);
    }
    if (!w.has_time()) return json;
    const Measurement& m = *w.result.measurement;
    json["cache"] = w.cold ? "cold" : "hot";
    json["seconds"] = m.summary.median;
    json["relative_error"] = m.summary.relative_error;
    json["samples"] = m.samples.size();
    const Floor f = floor(w, known);
    json["floor_seconds"] = f.seconds ? Json(*f.seconds) : Json(nullptr);
    if (f.seconds) {
      json["bound"] = f.bound;
      json["of_ceiling"] = *f.seconds / w.seconds();
    } else {
      json["floor_reason"] = f.reason;
    }
    return json;
  }

  // How many times longer the first way takes.
  Json compare(const MeasuredWay& plain, const MeasuredWay& way, const Ceilings& ceilings,
               const Ceilings& known) const {
    Json json = {{"plain", plain.way.name}, {"way", way.way.name}};
    const auto none = [&](const char* key, const std::string& reason) {
      json[key] = nullptr;
      json[std::string(key) + "_reason"] = reason;
    };
    const auto without_time = [&]() -> std::string {
      for (const MeasuredWay* w : {&plain, &way}) {
        if (w->has_time()) continue;
        const auto [word, reason] = status(*w, ceilings);
        return fmt::format("{} has no time: {}", w->way.name, reason.empty() ? word : reason);
      }
      return "";
    };
    if (const std::string reason = without_time(); !reason.empty()) {
      none("measured", reason);
    } else {
      std::vector<double> a = plain.result.measurement->samples;
      std::vector<double> b = way.result.measurement->samples;
      keep_common_rounds(a, plain.result.measurement->rounds, b, way.result.measurement->rounds);
      if (a.size() < std::size_t{kFewestSamples}) {
        none("measured",
             fmt::format("only {} rounds were undisturbed for both, and {} are needed (more "
                         "--budget or --samples may find them)",
                         a.size(), kFewestSamples));
      } else {
        const RatioEstimate r =
            paired_ratio({b}, {a}, {.seed = seed_of(1, pairing_.name + way.way.name)});
        json["measured"] = r.ratio;
        json["interval"] = Json::array({r.lower, r.upper});
        json["rounds"] = a.size();
      }
    }
    if (!plain.read.problem || !way.read.problem) {
      const std::string& missing = plain.read.problem ? way.read.missing : plain.read.missing;
      none("predicted", missing);
      none("bytes_ratio", missing);
      return json;
    }
    json["bytes_ratio"] = bytes_of(plain) / bytes_of(way);
    // Whether its operands come from memory is known of what ran.
    for (const MeasuredWay* w : {&plain, &way}) {
      if (w->skipped.empty()) continue;
      none("predicted", w->skipped);
      return json;
    }
    const Floor slow = floor(plain, known);
    const Floor fast = floor(way, known);
    if (slow.seconds && fast.seconds && *fast.seconds > 0) {
      json["predicted"] = *slow.seconds / *fast.seconds;
      json["predicted_from_memory_alone"] = slow.from_memory_alone || fast.from_memory_alone;
    } else {
      none("predicted", slow.seconds ? fast.reason : slow.reason);
    }
    if (!json.at("measured").is_null()) {
      const auto part = [&](const char* key, const char* from) {
        json[key] = json.at("measured").get<double>() / json.at(from).get<double>();
      };
      if (!json.at("predicted").is_null()) part("measured_over_predicted", "predicted");
      if (memory_binds(plain.read, slow, plain.cold) && memory_binds(way.read, fast, way.cold)) {
        part("measured_over_bytes", "bytes_ratio");
      }
    }
    return json;
  }

  Pairing pairing_;
  Device& device_;
  DeviceInfo near_;
  std::vector<MeasuredWay> ways_;
  std::vector<std::unique_ptr<Yardstick>> yardsticks_;
  Ceilings beside_;
};

Json ceilings_of(const Ceilings& ceilings) {
  Json json;
  const auto enter = [&](const std::string& name, const std::optional<double>& rate,
                         const std::string& reason) {
    json[name] = rate ? Json(*rate) : Json(nullptr);
    if (!rate) json[name + "_reason"] = reason;
  };
  for (const DType t : kDTypes) {
    enter(fmt::format("flops_{}", name_of(t)), ceilings.flops(t), ceilings.why_no_flops(t));
  }
  enter("read_bytes", ceilings.read_bytes, ceilings.why_no_bytes(CeilingKind::read));
  enter("copy_bytes", ceilings.copy_bytes, ceilings.why_no_bytes(CeilingKind::copy));
  return json;
}

// `near` as near_cache() has it, `ceilings` and `known` as for MeasuredPairing::finish.
Json describe_device(const DeviceInfo& info, const DeviceInfo& near, const Ceilings& ceilings,
                     const Ceilings& known) {
  Json rates = ceilings_of(known);
  const auto tell = [&](const char* key, bool from_yardstick) {
    if (from_yardstick) rates[key] = "a yardstick beside the ways";
  };
  tell("read_bytes_from", known.read_bytes && !ceilings.read_bytes);
  tell("copy_bytes_from", known.copy_bytes && !ceilings.copy_bytes);
  return {{"name", device_name(info)},
          {"device", info.name},
          {"architecture", info.architecture},
          {"compute_units", info.compute_units},
          {"host", info.host},
          {"cache_bytes", info.cache_bytes},
          {"near_cache_bytes", near.cache_bytes},
          {"ceilings", std::move(rates)}};
}

Ceilings ceilings_on(Device& device, const RunOptions& run, const RunWorld& world, Clock& clock) {
  try {
    return world.ceilings(device, clock, memory_limit(run, device), {});
  } catch (const DeviceError& e) {
    Ceilings none;
    none.missing = {e.what()};
    return none;
  }
}

}  // namespace

Json compare_ways(const ComparisonOptions& options, const RunWorld& world) {
  SteadyClock steady;
  Clock& clock = world.clock != nullptr ? *world.clock : steady;
  const Build build = this_build();
  if (const std::string warning = build_warning(build); !warning.empty()) {
    say("moat: warning: {}\n", warning);
  }
  RunOptions run;
  run.seed = options.seed;
  run.budget_seconds = options.budget_seconds;
  run.samples = options.samples;
  const std::string started = utc_time(std::time(nullptr));
  const int threads = claim_threads(options.threads);
  Devices devices = open_devices(options.backends, options.devices, world);
  Json skipped = Json::array();
  for (const AbsentRecord& a : devices.skipped) {
    skipped.push_back({{"backend", a.name}, {"reason", a.reason}});
  }
  install_interrupt_handler();
  Progress progress(clock, {.total = devices.all.size() * (options.pairings.size() + 1),
                            .always = options.progress});
  Json all_devices = Json::array();
  Json all_pairings = Json::array();
  for (const auto& device : devices.all) {
    if (interrupted()) break;
    const std::string name = device_name(device->info());
    progress.step("ceilings of " + name);
    Ceilings ceilings = ceilings_on(*device, run, world, clock);
    Ceilings beside;
    const DeviceInfo near = near_cache(device->info());
    int again = 0;
    std::vector<MeasuredPairing> measured;
    for (const Pairing& pairing : options.pairings) {
      if (interrupted()) break;
      progress.step(fmt::format("{} on {}", pairing.name, name));
      MeasuredPairing& m = measured.emplace_back(pairing, *device, near);
      m.measure(run, world, clock, ceilings);
      if (interrupted()) break;
      beside = best_of(std::move(beside), m.beside());
      // Beside ways that had calm samples ceilings may have some too.
      const bool missed = !ceilings.disturbed.empty() && again < kMostAgain &&
                          m.lacks_a_floor(best_of(ceilings, beside));
      again += missed ? 1 : 0;
      // What a machine reaches changes within minutes, where others use its host.
      if (missed || m.exceeds(ceilings)) {
        ceilings = best_of(std::move(ceilings), ceilings_on(*device, run, world, clock));
      }
    }
    const Ceilings known = best_of(ceilings, std::move(beside));
    for (const MeasuredPairing& m : measured) all_pairings.push_back(m.finish(ceilings, known));
    all_devices.push_back(describe_device(device->info(), near, ceilings, known));
  }
  progress.clear();
  Json pays = crossings(all_pairings);
  return {{"schema", "moat-software"},
          {"version", 1},
          {"build",
           {{"version", build.version},
            {"commit", build.commit.value ? Json(*build.commit.value) : Json(nullptr)},
            {"flags", build.flags}}},
          {"run",
           {{"started", started},
            {"threads", threads},
            {"seed", options.seed},
            {"interrupted", interrupted().load()}}},
          {"devices", std::move(all_devices)},
          {"skipped_backends", std::move(skipped)},
          {"pairings", std::move(all_pairings)},
          {"crossings", std::move(pays)}};
}

int exit_code_of(const Json& document) {
  if (document.at("run").at("interrupted").get<bool>()) return kExitInterrupted;
  if (document.at("devices").empty()) return kExitDevice;
  int code = kExitOk;
  bool measured = false;
  for (const Json& pairing : document.at("pairings")) {
    for (const Json& way : pairing.at("ways")) {
      const auto status = way.at("status").get<std::string>();
      if (status == "failed" || status == "suspect") return kExitFailed;
      if (status == "error") code = kExitDevice;
      if (status == "disturbed" && code == kExitOk) code = kExitDisturbed;
      measured |= status != "skipped";
    }
  }
  return measured || document.at("pairings").empty() ? code : static_cast<int>(kExitNothing);
}

}  // namespace moat
