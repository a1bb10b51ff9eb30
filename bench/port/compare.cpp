// SPDX-License-Identifier: Apache-2.0
#include "bench/port/compare.hpp"

#include <numeric>

namespace moat {
namespace {

bool in_kernels(const Line& line) { return line.file.starts_with("kernels/"); }
bool in_problems(const Line& line) { return line.file.starts_with("problems/"); }
bool in_layer(const Line& line) { return line.file.starts_with("backends/"); }

template <class Predicate>
LineSet filter(const LineSet& lines, Predicate predicate) {
  LineSet kept;
  for (const Line& line : lines) {
    if (predicate(line)) kept.insert(kept.end(), line);
  }
  return kept;
}

PortCounts count_parts(const LineSet& port, const LineSet& baseline) {
  return {.total = compare_lines(port, baseline),
          .kernel = compare_lines(filter(port, in_kernels), filter(baseline, in_kernels)),
          .problem = compare_lines(filter(port, in_problems), filter(baseline, in_problems)),
          .layer = compare_lines(filter(port, in_layer), filter(baseline, in_layer)),
          .share = {}};
}

// Kernel → what falls to it of `lines`, where a line counts 1/q for each of the q kernels of
// `backend` that use it, and 1/(number of kernels) for all if none does.
std::map<std::string, double> share_out(const LineSet& lines, const BackendLines& backend) {
  std::vector<std::string> kernels;
  for (const auto& [unit, compiled] : backend.units) {
    if (unit != kRuntime) kernels.push_back(unit);
  }
  // Whole multiples of 1 ÷ lcm(1 … number of kernels) add up exactly.
  long whole = 1;
  for (std::size_t q = 2; q <= kernels.size(); ++q) whole = std::lcm(whole, static_cast<long>(q));
  std::map<std::string, long> sums;
  for (const Line& line : lines) {
    std::vector<std::string> users;
    for (const std::string& kernel : kernels) {
      if (backend.units.at(kernel).contains(line)) users.push_back(kernel);
    }
    if (users.empty()) users = kernels;
    for (const std::string& user : users) sums[user] += whole / static_cast<long>(users.size());
  }
  std::map<std::string, double> shares;
  for (const auto& [kernel, sum] : sums) {
    shares[kernel] = static_cast<double>(sum) / static_cast<double>(whole);
  }
  return shares;
}

double value_at(const std::map<std::string, double>& values, const std::string& key) {
  const auto it = values.find(key);
  return it == values.end() ? 0 : it->second;
}

}  // namespace

std::optional<double> LineCounts::changed() const {
  return lines() > 0 ? std::optional(added / lines()) : std::nullopt;
}

LineCounts compare_lines(const LineSet& port, const LineSet& baseline) {
  return {.shared = static_cast<double>(set_intersection(port, baseline).size()),
          .added = static_cast<double>(set_difference(port, baseline).size()),
          .unused = static_cast<double>(set_difference(baseline, port).size())};
}

std::map<std::string, PortCounts> compare_backends(const BackendLines& port,
                                                   const BackendLines& baseline) {
  const LineSet port_all = port.all();
  const LineSet baseline_all = baseline.all();
  const LineSet port_layer = filter(port_all, in_layer);
  const LineSet baseline_layer = filter(baseline_all, in_layer);
  const auto shared = share_out(set_intersection(port_layer, baseline_layer), port);
  const auto added = share_out(set_difference(port_layer, baseline_layer), port);
  const auto unused = share_out(set_difference(baseline_layer, port_layer), baseline);

  std::map<std::string, PortCounts> counts;
  for (const auto& [unit, lines] : port.units) {
    const auto same = baseline.units.find(unit);
    PortCounts& c = counts[unit];
    c = count_parts(lines, same == baseline.units.end() ? LineSet{} : same->second);
    c.share = {.shared = value_at(shared, unit),
               .added = value_at(added, unit),
               .unused = value_at(unused, unit)};
  }
  PortCounts& all = counts[kAll];
  all = count_parts(port_all, baseline_all);
  all.share = all.layer;
  return counts;
}

LineSet other_lines(const LineSet& lines) {
  return filter(lines, [](const Line& line) {
    return !in_kernels(line) && !in_problems(line) && !in_layer(line);
  });
}

double Distance::value() const {
  return in_either == 0 ? 0 : 1.0 - static_cast<double>(in_both) / in_either;
}

std::vector<Distance> distances(const std::map<std::string, LineSet>& backends) {
  std::vector<Distance> pairs;
  for (auto a = backends.begin(); a != backends.end(); ++a) {
    for (auto b = std::next(a); b != backends.end(); ++b) {
      const auto both = static_cast<int>(set_intersection(a->second, b->second).size());
      pairs.push_back({.a = a->first,
                       .b = b->first,
                       .in_both = both,
                       .in_either = static_cast<int>(a->second.size() + b->second.size()) - both});
    }
  }
  return pairs;
}

std::optional<double> mean_distance(const std::vector<Distance>& pairs) {
  if (pairs.empty()) return std::nullopt;
  double sum = 0;
  for (const Distance& d : pairs) sum += d.value();
  return sum / static_cast<double>(pairs.size());
}

}  // namespace moat
