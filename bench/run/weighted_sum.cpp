// SPDX-License-Identifier: Apache-2.0
#include "bench/run/weighted_sum.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "bench/run/case_records.hpp"
#include "bench/text/grid.hpp"
#include "bench/text/quantity.hpp"

namespace moat {
namespace {

std::string sum_of(const std::vector<const CaseRecord*>& cases) {
  double seconds = 0;
  double often = 0;
  for (const CaseRecord* c : cases) {
    seconds += *c->weight * c->median_seconds.get();
    often += *c->weight;
  }
  return fmt::format(
      "the cases, as often as their file says ({} case{}, {:g} times in all), take {}: the sum of "
      "how often × median of our kernels\n",
      cases.size(), cases.size() == 1 ? "" : "s", often, format_seconds(seconds));
}

}  // namespace

std::string weighted_sum_text(const Record& record) {
  std::string text;
  for (const DeviceRecord& d : record.devices) {
    std::vector<const CaseRecord*> cases;
    for (const CaseRecord& c : record.cases) {
      if (c.weight && c.implementation == kOurs && c.backend == d.backend && c.device == d.index) {
        cases.push_back(&c);
      }
    }
    if (cases.empty()) continue;
    const auto is_out = [](const CaseRecord* c) { return c->status != Status::ok; };
    const auto out = std::ranges::find_if(cases, is_out);
    text += fmt::format("\n{}:{}  ", d.backend, d.index);
    if (out != cases.end()) {
      text += one_line(fmt::format("no sum: {} of {} cases have no verified time: {} is {}{}",
                                   std::ranges::count_if(cases, is_out), cases.size(),
                                   (*out)->problem, name_of((*out)->status),
                                   (*out)->status == Status::disturbed
                                       ? "; the same command with --resume --out FILE.json, of "
                                         "this record, measures what is missing"
                                       : "")) +
              '\n';
    } else if (lacks_cases(record)) {
      text += "no sum: the run is not complete\n";
    } else {
      text += sum_of(cases);
    }
  }
  return text;
}

}  // namespace moat
