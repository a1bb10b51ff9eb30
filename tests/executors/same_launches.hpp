// SPDX-License-Identifier: Apache-2.0
// What a plan says beside what a device's queue asks its runtime for, which records the launches
// and makes none.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include "backends/device.hpp"
#include "backends/plan.hpp"
#include "bench/cases/case.hpp"
#include "bench/cases/suites.hpp"

namespace moat::test {

struct Asked {
  const void* entry;
  unsigned blocks;
  unsigned threads;
  std::size_t shared_bytes;
};

// By the runtime's function for launches, which the test replaces.
inline std::vector<Asked> asked;

// The known device of this architecture, as large as the one that is there.
inline KnownDevice sized_as(KnownDevice known, const Device& device) {
  known.compute_units = device.info().compute_units;
  return known;
}

// Every case of the suites of small and of real shapes; returns how many launches were compared.
inline std::size_t expect_same_launches(Device& device, Planner plan, const KnownDevice& known) {
  std::size_t compared = 0;
  for (const char* name : {"quick", "edges", "llama3-8b"}) {
    for (Problem problem : find_suite(name).cases) {
      SCOPED_TRACE(case_name(problem));
      // Launchers look at addresses alone.
      for_each_operand(problem, [](const Operand&, auto& data) {
        data = reinterpret_cast<void*>(std::uintptr_t{1} << 20);
      });
      asked.clear();
      device.run(problem);
      const LaunchPlan planned = plan(known, problem, {});
      EXPECT_EQ(planned.architecture, device.info().architecture);
      EXPECT_EQ(planned.launches.size(), asked.size());
      if (planned.launches.size() != asked.size()) continue;
      for (std::size_t i = 0; i < asked.size(); ++i, ++compared) {
        EXPECT_EQ(planned.launches[i].entry, asked[i].entry);
        EXPECT_EQ(planned.launches[i].blocks, asked[i].blocks);
        EXPECT_EQ(planned.launches[i].threads, asked[i].threads);
        EXPECT_EQ(planned.launches[i].shared_bytes, asked[i].shared_bytes);
      }
    }
  }
  return compared;
}

}  // namespace moat::test
