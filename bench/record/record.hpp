// SPDX-License-Identifier: Apache-2.0
// What one run leaves behind: results/README.md explains every field.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/record/schema.hpp"
#include "bench/record/strict_json.hpp"
#include "problems/dtype.hpp"

namespace moat {

// A value that was read or computed, or the reason why there is none.
template <class T>
struct Reading {
  std::optional<T> value;
  std::string reason = "not read";

  // The value; throws std::logic_error with the reason if there is none.
  const T& get() const {
    if (!value) throw std::logic_error(reason);
    return *value;
  }

  static Reading of(T v) { return {std::move(v), {}}; }
  static Reading none(std::string why) { return {std::nullopt, std::move(why)}; }
  static Reading from(std::optional<T> v, std::string why) {
    return v ? of(*std::move(v)) : none(std::move(why));
  }
};

enum class Status : std::uint8_t {
  ok,         // verified before and after it was timed
  failed,     // a result was wrong
  suspect,    // verified, but faster than the device's own ceiling allows
  error,      // could not run
  disturbed,  // verified, but other work on the machine left too few samples, or no ceiling to
              // trust
};

std::string_view name_of(Status status);

struct Build {
  std::string version;
  Reading<std::string> commit;
  Reading<bool> dirty;
  std::string compiler;
  std::string flags;
  std::string build_type;
  // A hash of the program, where the commit does not tell its sources.
  std::optional<std::string> executable = std::nullopt;
};

struct Host {
  Reading<std::string> name;
  Reading<std::string> os;
  Reading<std::string> kernel;
  Reading<std::string> cpu;
  Reading<std::string> governor;
  Reading<std::array<double, 3>> load_average;  // over 1, 5 and 15 minutes
  Reading<std::int64_t> memory_bytes;
  int logical_cpus = 0;
};

// What the system told of the run's own threads, and of the host below a virtual machine.
struct SchedulingRecord {
  double waited_seconds = 0;  // of all threads together, ready to run but without a processor
  std::int64_t involuntary_switches = 0;
  Reading<double> steal_seconds;  // of all processors together
};

struct RunInfo {
  std::string started;  // UTC, ISO 8601
  double duration_seconds = 0;
  bool interrupted = false;
  std::vector<std::string> arguments;
  std::uint64_t seed = 0;
  int threads = 0;
  // Those that the run was kept on.
  Reading<std::vector<int>> processors = Reading<std::vector<int>>::none("not read");
  // Processors whose time the control group (the container) grants; none: no limit.
  std::optional<double> cpu_quota = std::nullopt;
  int repetitions = 1;
  int planned = 0;  // entries of `cases` in a run that is not interrupted
  // The same in the two records of one `moat run --ab`; sample i of a case was then taken in the
  // same round as sample i of the other, and each series in a process of its own.
  std::optional<std::string> session = std::nullopt;
  // Null where the system does not tell: no sample could be set aside then.
  Reading<SchedulingRecord> scheduling = Reading<SchedulingRecord>::none("not read");
};

struct CeilingRecord {
  std::string name;
  double rate = 0;  // FLOP/s or bytes/s
  double relative_error = 0;
  std::int64_t samples = 0;
};

struct CeilingsRecord {
  // FLOP/s with operands of each type: flops_f32, …
#define MOAT_ROW(name, ...) Reading<double> flops_##name;
  MOAT_DTYPES(MOAT_ROW)
#undef MOAT_ROW
  // Operations/s of units for 8-bit integers.
  Reading<double> ops_int8 = Reading<double>::none("not read");
  Reading<double> read_bytes;  // bytes/s
  Reading<double> copy_bytes;
  std::vector<CeilingRecord> runs;

  Reading<double>& flops(DType t);
  const Reading<double>& flops(DType t) const;
};

struct DeviceRecord {
  std::string backend;
  std::string name;
  std::string architecture;
  int index = 0;
  int compute_units = 0;
  std::int64_t memory_bytes = 0;
  std::int64_t cache_bytes = 0;
  Reading<std::string> driver;
  Reading<std::string> runtime;
  Reading<int> max_clock_mhz;
  Reading<bool> ecc;
  Reading<double> power_limit_watts;
  CeilingsRecord ceilings;
};

struct LibraryRecord {
  std::string name;
  std::string version;
  std::string detail;
  // Of plug-ins: of the file, and what it says that it was built from.
  std::optional<std::string> sha256 = std::nullopt;
  std::optional<std::vector<std::string>> sources = std::nullopt;
};

// What a command of the user's told of a problem. Nothing here verified or timed it.
struct ToldRecord {
  std::string problem;
  std::string command;  // with the problem's numbers in it
  Reading<double> seconds;
};

// What this run could not use, and why.
struct AbsentRecord {
  std::string name;
  std::string reason;
};

struct CheckRecord {
  bool passed = false;
  Reading<double> error_over_bound;
  std::int64_t elements = 0;          // of the output
  std::int64_t elements_checked = 0;  // of them compared one by one
  bool sampled = false;
  std::string message;
};

struct DiscardedRecord {
  Reading<double> seconds;
  std::string reason;
  std::optional<double> waited_seconds = std::nullopt;  // only of disturbed samples
};

// One repetition of a measurement.
struct SeriesRecord {
  std::vector<double> seconds;  // per call, in the order taken
  // Of a session, where samples were set aside: the round of each of `seconds`, from 0.
  std::optional<std::vector<int>> rounds = std::nullopt;
  int calls_per_sample = 1;
  std::string stop_reason;
  bool throttled = false;
  std::vector<DiscardedRecord> discarded;
  Reading<int> min_clock_mhz;
  Reading<int> max_clock_mhz;
};

struct RatioRecord {
  std::string baseline;
  double ratio = 0;  // baseline's median ÷ ours: above 1 ours is faster
};

struct ShareRecord {
  std::string bound;  // compute or memory
  double share = 0;
};

struct CaseRecord {
  std::string name;            // gemm/f32/m64n64k64/cpu/moat
  std::string problem;         // gemm/f32/m64n64k64
  std::string kernel;          // gemm
  std::string dtype;           // f32
  std::string backend;         // cpu
  int device = 0;              // its index among the devices of its backend
  std::string implementation;  // moat, moat.SCHEDULE, or a baseline's name
  // Of ours, where its kernel can run with several: with which it ran.
  std::optional<std::string> schedule = std::nullopt;
  // Of moat run --cases: how often the case occurs in what the file describes.
  std::optional<double> weight = std::nullopt;
  Status status = Status::error;
  std::string message;  // why it is not ok
  Reading<CheckRecord> check;
  // Of codes that were written: how far what they stand for lies from what was quantised,
  // 1 − 2·Σxy ÷ Σ(x² + y²); no part of the check.
  std::optional<double> quantisation_loss = std::nullopt;
  double flops = 0;  // per call
  double bytes = 0;
  std::string cache;  // cold or hot
  int rotation_sets = 0;
  // All that follows is of verified runs only.
  std::vector<SeriesRecord> series;
  Reading<double> median_seconds;
  Reading<double> lower_quartile_seconds;
  Reading<double> upper_quartile_seconds;
  Reading<double> relative_error;  // standard error of the median ÷ median
  Reading<double> gflops;          // 10⁹ FLOP/s
  Reading<double> gbytes;          // 10⁹ bytes/s
  Reading<ShareRecord> ceiling;
  std::vector<RatioRecord> ratios;
  std::vector<AbsentRecord> baselines_absent;
};

// An operation of a model's step, and how long our kernel takes for it.
struct ModelOperationRecord {
  std::string what;                                   // "qkv projection"
  std::optional<std::string> problem = std::nullopt;  // its case; none: no kernel was measured
  double count = 0;                                   // in a step, in all layers
  bool in_layers = false;  // and not around them, as embedding and output head
  double flops = 0;        // of one
  double bytes = 0;
  Reading<double> seconds{};  // median of one; why there is none
  // Of a time: cold, or hot where the operands of all sets fit into the cache.
  std::optional<std::string> cache = std::nullopt;
  // The record that has the case, where another one does.
  std::optional<std::string> record = std::nullopt;
};

// A step of a model put together from its operations. What is between them is left out, so that
// the step takes at least as long.
struct ModelStepRecord {
  std::string step;  // decode or prefill
  int tokens = 0;    // of all sequences
  int keys = 0;      // that a token meets at most
  std::vector<ModelOperationRecord> operations{};
  double flops_covered = 0;  // share of those of all operations, in [0, 1]
  double bytes_covered = 0;
  Reading<double> seconds_at_least{};
  Reading<double> tokens_per_second_at_most{};  // of all devices that share the model together
  std::optional<double> cost_per_million_tokens_at_least = std::nullopt;
  std::optional<double> cost_per_exaflop_at_least = std::nullopt;  // for 10^18 FLOP
  std::optional<double> joules_per_token_at_least = std::nullopt;
};

struct ModelMemoryRecord {
  std::string what;
  std::string arithmetic;  // "32 layers × 2 × 8 heads × …"
  double bytes = 0;
};

// What an hour of one device costs and its power: given by the user, not measured.
struct ModelPriceRecord {
  std::string currency{};  // ISO 4217; "" without a price
  std::optional<double> per_hour = std::nullopt;
  std::optional<std::string> source = std::nullopt;
  std::optional<double> watts = std::nullopt;
  std::optional<double> per_kilowatt_hour = std::nullopt;
};

struct ModelDeviceRecord {
  std::string backend;
  int device = 0;
  bool fits = false;  // whether its memory holds all of ModelRecord::memory
  std::vector<ModelStepRecord> steps{};
};

// What `moat model` puts together.
struct ModelRecord {
  std::string name;    // as it was asked for
  std::string source;  // of its configuration
  int layers = 0;
  int batch = 0;    // sequences that decode together
  int context = 0;  // keys that each of them meets
  int prefill = 0;  // tokens of a prompt; 0: none was measured
  int tp = 1;       // devices that share the model
  std::string weights;
  std::vector<std::string> left_out;
  std::vector<ModelMemoryRecord> memory;  // of one device
  std::optional<ModelPriceRecord> price = std::nullopt;
  std::vector<ModelDeviceRecord> devices{};
};

inline constexpr std::string_view kRecordSchema = "moat-record";
// A change that an old reader would misread raises the version, a field more the minor version.
inline constexpr int kRecordVersion = 1;
inline constexpr int kRecordMinor = 8;

struct Record {
  RunInfo run;
  Build build;
  Host host;
  std::vector<DeviceRecord> devices;
  std::vector<LibraryRecord> libraries;
  std::vector<AbsentRecord> skipped_backends;
  std::vector<AbsentRecord> absent_baselines;
  std::vector<CaseRecord> cases;
  // Of moat run --command.
  std::optional<std::vector<ToldRecord>> told = std::nullopt;
  Reading<JsonDocument> porting;
  // What the compilers made of the kernels of the GPU backends that took part.
  Reading<JsonDocument> codegen =
      Reading<JsonDocument>::none("no GPU backend took part in this run");
  std::optional<ModelRecord> model = std::nullopt;
  // Minor version, and the fields of a newer one: they go out again where they came from.
  int minor = kRecordMinor;
  std::vector<UnknownField> unknown;
};

// Whether a device is the processor of the record's host.
bool is_host(const Record& record, const DeviceRecord& device);

// Whether fewer cases are here than the run had planned.
bool lacks_cases(const Record& record);

// "the run was interrupted after 3 of 9 cases"; "" of a run that has all that it had planned.
std::string unfinished(const Record& record);

// "1 core", "132 units"
std::string compute_units_text(int count, bool host);

// The record as strict JSON that fits the schema. Throws JsonError at what does not.
std::string to_text(const Record& record);

// The inverse. Throws JsonError with the place and the reason for anything that does not fit, and
// with both versions for a record of a newer major version.
Record parse_record(std::string_view text);
Record read_record(Json document);

// Throws JsonError where a document is not a record: its shape is not that of the schema, a null
// lacks its reason, a case that is not verified carries samples or rates, or it has a field that
// neither its own nor this program's minor version knows.
void check_record(const Json& document);

// The JSON Schema that records must fit.
std::string_view record_schema();

}  // namespace moat
