// SPDX-License-Identifier: Apache-2.0
// How long a planned launch takes, by peaks of documents: predicted, not measured.
//
// A launch takes as long as the longest of what can be done side by side (Williams, Waterman and
// Patterson 2009):
//   products   FLOPs ÷ (peak · fill · useful)
//   memory     bytes that must move once ÷ memory's bandwidth
//   cache      bytes that blocks read of their operands, tile by tile ÷ bandwidth of the L2
//   launch     kLaunchSeconds
// Launches of a case follow each other. A peak that no document tells leaves its term out.
//
// Not modelled: what keeps a unit from its peak while it has work (bank conflicts, bubbles of
// pipelines, epilogues), clocks below the boost clock, too few loads under way for memory's
// bandwidth, misses of the L2 where tiles are read again, arithmetic of kernels without products.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backends/plan.hpp"
#include "bench/explain/work.hpp"

namespace moat::explain {

// An assumption: from the end of one kernel to that of an empty one. Wrong by a factor of two.
inline constexpr double kLaunchSeconds = 3e-6;

// An assumption as well: nothing here was calibrated by a measurement.
inline constexpr std::string_view kAssumedError =
    "predicted from documents, not measured; kernels are assumed to take 1.1 to 2 times as long";

enum class Limit : std::uint8_t { products, memory, cache, launch };

struct Term {
  double amount = 0;             // FLOPs or bytes
  std::optional<double> rate{};  // peak, per second
  std::optional<double> seconds{};
};

struct LaunchModel {
  PlannedLaunch launch;
  LaunchWork work;
  int resident = 1;   // blocks that a unit holds at once
  double waves = 0;   // of as many blocks, or items of a persistent grid, as the device holds
  double fill = 1;    // of the units' time until the last one ends, the share that they have work
  double useful = 1;  // of what tiles multiply, the share that is the problem's
  Term products;
  Term memory;
  Term cache;
  Limit bound = Limit::launch;
  double seconds = 0;
  std::vector<Limit> unknown;  // terms whose peak is not known
  // Terms that may take longer than is said: of `unknown`, and products with edges that are not
  // modelled. With any, `seconds` is the least that the launch takes.
  std::vector<Limit> open;
};

// Whether `bound` is the longest term, however long those take whose time is not known.
bool bound_is_known(const LaunchModel& launch);

// The share of `units` · makespan for which units have work, as LaunchWork has it. Blocks beside
// each other share their unit: a unit with fewer blocks than it could hold is taken to be as fast,
// which is too good for a last wave by what those blocks would have hidden of each other's waits.
// Any unit takes up an item, though a device of several dies has dealt them among these before.
double fill_of(const LaunchWork& work, int units);

// Blocks of the launch that a unit holds at once: as many as the schedule asks registers for, its
// shared memory and its threads allow.
int resident_blocks(const KnownDevice& device, const PlannedLaunch& launch);

LaunchModel model(const KnownDevice& device, const PlannedLaunch& launch, const LaunchWork& work);

}  // namespace moat::explain
