// SPDX-License-Identifier: Apache-2.0
// What the device can reach at best, measured in the run that is judged by it.
#pragma once

#include <atomic>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backends/device.hpp"
#include "bench/measure/measure.hpp"

namespace moat {

// One configuration of a ceiling kernel that was run: verified, then timed.
struct CeilingRun {
  std::string name;  // fma/512, mma/bf16, unit/bf16/NAME/4096, read, read/streams, copy, …
  double rate = 0;   // FLOP/s or bytes/s in the best tenth of the samples
  Measurement measurement;
};

// Rates of the best configuration. What could not be measured is empty, and `missing` says why, or
// `interrupted`.
struct Ceilings {
  // FLOP/s with products of each type: flops_f32, …
#define MOAT_ROW(name, ...) std::optional<double> flops_##name;
  MOAT_DTYPES(MOAT_ROW)
#undef MOAT_ROW
  // Multiplications and additions a second of 8-bit integers, of units for them.
  std::optional<double> ops_int8;
  std::optional<double> read_bytes;  // bytes/s
  std::optional<double> copy_bytes;  // bytes/s, read and written together
  std::vector<CeilingRun> runs;
  std::vector<std::string> missing;
  std::vector<std::string> interrupted;  // kernels that the user did not wait for
  // Rates that are empty for want of calm samples, and that a calmer moment may have: names of
  // types, "int8", "read" and "copy".
  std::vector<std::string> disturbed;

  std::optional<double>& flops(DType t);
  std::optional<double> flops(DType t) const;
  // Why flops(t) is empty.
  std::string why_no_flops(DType t) const;
  // Why ops_int8 is.
  std::string why_no_int8() const;
  // Why read_bytes or copy_bytes is.
  std::string why_no_bytes(CeilingKind kind) const;
};

// Which rates are asked for.
struct CeilingNeeds {
  std::vector<DType> types{std::begin(kDTypes), std::end(kDTypes)};  // of products
  bool int8 = true;
  bool read = true;
  bool copy = true;
};

// What the shares of these problems' rates need: products of their types, and of the memory what
// they move, unless their operands stay in the cache (`cold` false). Units for 8-bit integers,
// which bind no problem, are asked for with products of all types.
CeilingNeeds ceilings_needed(const std::vector<Problem>& problems, bool cold);

// Why a rate is empty that was not asked for.
inline constexpr std::string_view kNotNeeded = "no case of this run needs it";

struct ProductShape {
  int rows = 0;
  int cols = 0;
};

// The result of the products by which a device of so many units ≥ 1 is measured. In tiles of 256 ×
// 256, and any that these fall into, it is two to four whole waves, as square as they can be: a
// last wave of a few tiles would lower what all seem to reach.
ProductShape ceiling_product(int units);

// How often a ceiling is measured at most while other work disturbs it.
inline constexpr int kCeilingTries = 4;

// Takes about 3 s for all, and half a second for each unit of the device; allocates at most
// memory_limit bytes. A type's rate is the best of f32 FMAs and of the units for the type; where
// one that libraries may use cannot be measured there is none. A ceiling kernel whose result is
// wrong gives no ceiling, and neither does one whose samples were disturbed each of kCeilingTries
// times: `missing` says so. Throws DeviceError if the device fails.
Ceilings measure_ceilings(Device& device, Clock& clock, std::size_t memory_limit,
                          const std::atomic<bool>* stop = nullptr, Scheduling* scheduling = nullptr,
                          const CeilingNeeds& needs = {});

// The higher rates of two measurements of one device, and the runs and reasons of both; of two
// disturbed runs of one kernel the later one's reason. What the kernel does not tell, such as a
// slow host of a virtual machine, may have hidden what the device can reach: measure again, beside
// the case, before it is taken for suspect.
Ceilings best_of(Ceilings a, Ceilings b);

// Enters what moved `bytes` (read, or read and written) from and to memory beside a case: such a
// rate was reached on this device, so no ceiling lies below it. A lower one changes nothing, and a
// ceiling that was not measured stays away.
void enter_traffic(Ceilings& ceilings, CeilingKind kind, double bytes, Measurement measurement);

enum class Bound : std::uint8_t { compute, memory };

std::string_view name_of(Bound bound);

// Rates above this share of a ceiling are taken for a fault of the measurement.
inline constexpr double kSuspectShare = 1.05;

struct Roofline {
  Bound bound = Bound::compute;
  double floor_seconds = 0;  // the shortest time that the binding ceiling allows
  double share = 0;          // floor_seconds ÷ seconds
  bool suspect = false;
};

// The share of the compute ceiling of products of this type.
std::optional<Roofline> product_roofline(double flops, DType type, double seconds,
                                         const Ceilings& ceilings);

// Whether a problem's rate is told in FLOP/s, whatever was measured: a GEMM, and attention of more
// than one query. All else moves more than it computes and is told in bytes/s.
bool counts_flops(const Problem& problem);

// The ceiling that binds a problem solved in `seconds` (Williams, Waterman and Patterson 2009).
// Operands that stay in the cache (`cold` false) have no memory ceiling. It needs the rate of a
// copy for what is both read and written, that of a read for the rest, and neither for 1 % of the
// bytes or less, which may go at the other's. Where one of the two ceilings was not measured the
// other is not taken to bind: empty, unless
// - the missing one is that of the arithmetic and memory binds all the same: reductions, softmax
//   and RMSNorm do a few operations per element, and of all else memory's floor is not below that
//   of f32's arithmetic, which no unit for shorter types is slower than;
// - the time lies below the floor of the one that was measured: suspect whichever binds.
// seconds > 0.
std::optional<Roofline> roofline(const Problem& problem, double seconds, const Ceilings& ceilings,
                                 bool cold);

// Why roofline() is empty: the ceilings that it needed.
std::string why_no_roofline(const Problem& problem, const Ceilings& ceilings, bool cold);

// The share of the memory ceiling of what moves these bytes and computes nothing.
std::optional<Roofline> traffic_roofline(double read, double written, double seconds,
                                         const Ceilings& ceilings, bool cold);

}  // namespace moat
