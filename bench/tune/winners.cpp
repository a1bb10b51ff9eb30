// SPDX-License-Identifier: Apache-2.0
#include "bench/tune/winners.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "bench/cases/case.hpp"
#include "bench/compare/beside.hpp"
#include "bench/compare/bootstrap.hpp"
#include "bench/run/case_records.hpp"
#include "bench/tune/shape_class.hpp"

namespace moat {
namespace {

// Of a class: its cases, and what each schedule made of them.
struct Class {
  std::string name;
  std::string instead_of;
  std::size_t cases = 0;  // that the table's choice solved
  std::map<std::string, std::vector<TunedCase>> schedules;
};

// Enough samples on both sides, of right results.
std::optional<TunedCase> compared(const Beside& b) {
  if (!b.speed || b.samples < kFewestSamples) return std::nullopt;
  // There it is how much faster the table's choice is.
  return TunedCase{b.problem, 1 / b.speed->ratio, 1 / b.speed->upper, 1 / b.speed->lower};
}

double mean_speed(const std::vector<TunedCase>& cases) {
  double sum = 0;
  for (const TunedCase& c : cases) sum += std::log(c.speed);
  return std::exp(sum / static_cast<double>(cases.size()));
}

bool is_faster(const Class& c, const std::vector<TunedCase>& cases) {
  const double least = 1 + kLeastGain;
  return cases.size() == c.cases && mean_speed(cases) > least &&
         std::ranges::any_of(cases, [&](const TunedCase& t) { return t.lower > least; }) &&
         std::ranges::all_of(
             cases, [](const TunedCase& t) { return t.upper >= 1 && t.speed >= 1 - kLeastGain; });
}

// `all`: of every device, our kernels beside what solved the same.
std::vector<Class> classes_of(const Record& record, const DeviceRecord& device,
                              const std::vector<Beside>& all) {
  std::vector<Class> classes;
  const auto class_of = [&](const std::string& problem) -> Class& {
    const std::string name = shape_class(parse_case(problem));
    const auto at = std::ranges::find(classes, name, &Class::name);
    return at != classes.end()
               ? *at
               : classes.emplace_back(Class{.name = name, .instead_of = {}, .schedules = {}});
  };
  for (const CaseRecord& c : record.cases) {
    if (c.backend != device.backend || c.device != device.index) continue;
    if (c.implementation != kOurs || c.status != Status::ok) continue;
    Class& own = class_of(c.problem);
    if (own.instead_of.empty()) own.instead_of = c.schedule.value_or("");
    ++own.cases;
    // Beside itself, in a class whose cases the table chooses differently for.
    if (c.schedule) own.schedules[*c.schedule].push_back({c.problem, 1, 1, 1});
  }
  for (const Beside& b : all) {
    if (b.backend != device.backend || b.device != device.index) continue;
    const auto schedule = schedule_of(b.other);
    const auto result = compared(b);
    if (schedule && result) class_of(b.problem).schedules[*schedule].push_back(*result);
  }
  return classes;
}

}  // namespace

std::vector<TunedDevice> winners(const Record& record) {
  const std::vector<Beside> all = beside(record, {}, kLeastGain, {});
  std::vector<TunedDevice> devices;
  for (const DeviceRecord& d : record.devices) {
    TunedDevice tuned{.backend = d.backend,
                      .name = d.name,
                      .architecture = d.architecture,
                      .compute_units = d.compute_units,
                      .driver = d.driver.value,
                      .classes = {},
                      .kept = {},
                      .undecided = {}};
    for (const Class& c : classes_of(record, d, all)) {
      if (c.cases == 0) continue;
      TunedClass best{
          .shape_class = c.name, .schedule = {}, .instead_of = c.instead_of, .cases = {}};
      for (const auto& [schedule, cases] : c.schedules) {
        if (!is_faster(c, cases) || mean_speed(cases) <= best.speed) continue;
        best.schedule = schedule;
        best.speed = mean_speed(cases);
        best.cases = cases;
      }
      const auto compared_in_all = [&](const auto& entry) {
        return entry.second.size() == c.cases && entry.first != c.instead_of;
      };
      if (best.schedule.empty()) {
        const bool decided = std::ranges::any_of(c.schedules, compared_in_all);
        (decided ? tuned.kept : tuned.undecided).push_back(c.name);
      } else {
        tuned.classes.push_back(std::move(best));
      }
    }
    devices.push_back(std::move(tuned));
  }
  return devices;
}

}  // namespace moat
