// SPDX-License-Identifier: Apache-2.0
// The devices of several records, each under one set of conditions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "bench/compare/record_set.hpp"

namespace moat {

// A device as far as its results may be brought together. Devices of one name are apart by their
// index and by the name of their host; results of one device by its conditions (conditions.hpp) and
// by runs with operands in the cache beside runs with operands in memory.
struct Platform {
  std::string backend;
  std::string name;
  std::string architecture;
  // "cpu Xeon"; with what sets it apart from the other platforms of that device, as in
  // "cpu:1 Xeon" and "cpu Xeon (threads: 1, cache: hot)"; and with what its build lacks, as in
  // "cpu Xeon (not optimised: Debug)".
  std::string label;
  std::string warning;  // of the build, see build_warning()
};

// The platforms of records in the order in which they appear, and which one a case belongs to.
class Platforms {
 public:
  explicit Platforms(const std::vector<NamedRecord>& records);

  const std::vector<Platform>& all() const { return all_; }

  // Of a case of records[record]; none if that record does not describe its device.
  std::optional<std::size_t> of(std::size_t record, const CaseRecord& c) const {
    return of(record, c.backend, c.device);
  }
  std::optional<std::size_t> of(std::size_t record, const std::string& backend, int index) const;

 private:
  struct Place {  // a device of a record
    std::string backend;
    int index = 0;
    std::size_t platform = 0;
  };

  std::vector<Platform> all_;
  std::vector<std::vector<Place>> places_;  // per record
};

}  // namespace moat
