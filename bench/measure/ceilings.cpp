// SPDX-License-Identifier: Apache-2.0
#include "bench/measure/ceilings.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <functional>
#include <iterator>
#include <memory>
#include <numeric>
#include <random>
#include <stdexcept>
#include <utility>
#include <variant>

#include "bench/measure/flops_of.hpp"
#include "bench/measure/traffic_loops.hpp"
#include "problems/reference/bound.hpp"
#include "problems/reference/gemm.hpp"

namespace moat {
namespace {

// Memory of a device, released at the end.
class Buffer {
 public:
  Buffer(Device& device, std::size_t bytes) : device_(device), data_(device.allocate(bytes)) {}
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { device_.release(data_); }

  std::byte* data() const { return static_cast<std::byte*>(data_); }

 private:
  Device& device_;
  void* data_;
};

std::vector<float> uniform(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> values(-1, 1);
  std::vector<float> x(count);
  std::ranges::generate(x, [&] { return values(random); });
  return x;
}

template <class T>
std::vector<T> download(Device& device, const void* from, std::size_t count) {
  std::vector<T> x(count);
  device.download(x.data(), from, count * sizeof(T));
  return x;
}

void upload(Device& device, const Buffer& to, const std::vector<float>& x) {
  device.upload(to.data(), x.data(), x.size() * sizeof(float));
}

// Names a wrong element.
[[noreturn]] void fail(std::size_t index, double got, double want) {
  throw std::runtime_error(fmt::format("element {} is {}, not {}", index, got, want));
}

constexpr unsigned char kPoison = 0xff;  // NaN in every type

// A ceiling kernel whose operands are on the device.
struct Prepared {
  std::string name;
  CeilingProblem problem;
  std::size_t out_bytes;        // of problem.y
  std::function<void()> check;  // throws std::runtime_error if the result is wrong
  std::function<void(const Problem&)> other = {};  // solves it in place of the device's kernel
  double work = 0;  // operations or bytes of a call; 0: those of `problem`
};

// Error bound of a chain: every step rounds by u · |value|, and |kChainFactor| < 1.
void check_chains(Device& device, const CeilingProblem& p, const std::vector<float>& x) {
  const auto y = download<float>(device, p.y, x.size());
  const double factor = kChainFactor;
  const double power = std::pow(factor, p.repeats);
  const double shift = kChainTerm * (1 - power) / (1 - factor);
  for (std::size_t i = 0; i < x.size(); ++i) {
    double want = 0;
    double bound = 0;
    for (int c = 0; c < kChains; ++c) {
      const double first = double{x[i]} + c;
      want += power * first + shift;
      bound += (p.repeats + kChains + 1) * 2 * reference::kRoundoffF32 * (std::abs(first) + 1);
    }
    if (!(std::abs(y[i] - want) <= bound)) fail(i, y[i], want);
  }
}

void check_products(Device& device, const CeilingProblem& p, const void* a, const void* b) {
  const auto n = static_cast<int>(p.n);
  const std::size_t size = size_of(p.dtype);
  const auto c = download<std::byte>(device, p.y, std::size_t(p.m) * n * size);
  const GemmProblem product{.dtype = p.dtype, .m = p.m, .n = n, .k = p.k, .a = a, .b = b};
  // Sampled rows and columns, the last ones among them.
  const auto some = [](int count) {
    std::vector<int> indices;
    for (int i = count - 1; i >= 0; i -= std::max(count / 24, 1)) indices.push_back(i);
    return indices;
  };
  const auto rows = some(p.m);
  const auto cols = some(n);
  const auto want = reference::gemm(product, rows, cols);
  const double repeats = p.repeats;
  for (std::size_t i = 0; i < want.size(); ++i) {
    const auto index = static_cast<std::int64_t>(rows[i / cols.size()]) * n + cols[i % cols.size()];
    const reference::Estimate sum{.value = want[i].value * repeats,
                                  .abs = want[i].abs * repeats,
                                  .square = want[i].square * repeats};
    GemmProblem whole = product;
    whole.k = p.k * p.repeats;
    const double limit = bound(whole, sum, reference::Data::any);
    const double got = reference::read(c.data(), p.dtype, index);
    if (!(reference::error_over_bound(got, sum.value, limit, p.dtype) <= 1)) {
      fail(static_cast<std::size_t>(index), got, sum.value);
    }
  }
}

// Small integers for a unit, none of them 0, those of `a` positive and each column of `b` of one
// sign: no sum of products is 0, and none is too large to be exact.
struct UnitOperands {
  std::vector<double> a, b;           // m × k, k × n
  std::vector<std::byte> a_as, b_as;  // as the unit's type

  explicit UnitOperands(const Unit& unit) {
    const double most = std::sqrt(unit.largest_sum / (1.0 * unit.k * unit.steps_per_sum));
    const int largest = std::clamp(static_cast<int>(most), 1, 8);
    std::mt19937 random(4);
    std::uniform_int_distribution<int> values(1, largest);
    for (int i = 0; i < unit.m * unit.k; ++i) a.push_back(values(random));
    for (int i = 0; i < unit.k * unit.n; ++i) b.push_back((i % 3 == 0 ? -1 : 1) * values(random));
    for (int i = unit.n; i < unit.k * unit.n; ++i) {
      b[static_cast<std::size_t>(i)] =
          std::copysign(b[static_cast<std::size_t>(i)], b[static_cast<std::size_t>(i % unit.n)]);
    }
    a_as = narrowed(a, unit.type);
    b_as = narrowed(b, unit.type);
  }

  // a · b.
  double product(const Unit& unit, int row, int col) const {
    double sum = 0;
    for (int i = 0; i < unit.k; ++i) {
      sum += a[static_cast<std::size_t>(row * unit.k + i)] *
             b[static_cast<std::size_t>(i * unit.n + col)];
    }
    return sum;
  }

 private:
  static std::vector<std::byte> narrowed(const std::vector<double>& values,
                                         std::optional<DType> type) {
    const auto as = [&](auto narrow) {
      using T = decltype(narrow(0.0));
      std::vector<std::byte> bytes(values.size() * sizeof(T));
      for (std::size_t i = 0; i < values.size(); ++i) {
        const T value = narrow(values[i]);
        std::memcpy(bytes.data() + i * sizeof(T), &value, sizeof(T));
      }
      return bytes;
    };
    if (!type) return as([](double x) { return static_cast<std::int8_t>(x); });
    return with_dtype(*type, [&]<class T>(Type<T>) {
      return as([](double x) { return from_float<T>(static_cast<float>(x)); });
    });
  }
};

// Every sum of every thread, exactly: it tells how many products were added to it.
void check_unit(const Unit& unit, const UnitOperands& operands, const std::vector<double>& c,
                std::int64_t rounds) {
  const double steps = static_cast<double>(rounds) * unit.steps_per_round;
  for (std::size_t i = 0; i < c.size(); ++i) {
    const int at = static_cast<int>(i % (std::size_t(unit.m) * unit.n));
    const double want = steps * operands.product(unit, at / unit.n, at % unit.n);
    if (!(c[i] == want)) fail(i, c[i], want);
  }
}

// Small integers, whose sum is exact in any order.
std::vector<float> integers() {
  std::mt19937 random(3);
  std::uniform_int_distribution<int> values(-8, 8);
  std::vector<float> x(std::size_t{32} * kCeilingPart);
  std::ranges::generate(x, [&] { return static_cast<float>(values(random)); });
  return x;
}

void check_read(Device& device, const CeilingProblem& p, const std::vector<float>& pattern) {
  const auto repeats = static_cast<double>(p.n) / static_cast<double>(pattern.size());
  const double want = repeats * std::accumulate(pattern.begin(), pattern.end(), 0.0);
  const float sum = download<float>(device, p.y, 1).front();
  if (sum != want) fail(0, sum, want);
}

// The pattern is there an odd number of times.
void check_words(Device& device, const CeilingProblem& p, const std::vector<float>& pattern) {
  std::uint32_t want = 0;
  for (const float x : pattern) want ^= std::bit_cast<std::uint32_t>(x);
  const std::uint32_t got = download<std::uint32_t>(device, p.y, 1).front();
  if (got != want) {
    throw std::runtime_error(fmt::format("the words' exclusive or is {:#x}, not {:#x}", got, want));
  }
}

void check_copy(Device& device, const CeilingProblem& p, const std::vector<float>& pattern) {
  std::vector<float> piece(pattern.size());
  const auto n = static_cast<std::size_t>(p.n);
  for (std::size_t begin = 0; begin < n; begin += pattern.size()) {
    const std::size_t count = std::min(pattern.size(), n - begin);
    device.download(piece.data(), static_cast<const float*>(p.y) + begin, count * sizeof(float));
    const auto differs =
        std::mismatch(piece.begin(), piece.begin() + std::ptrdiff_t(count), pattern.begin());
    if (differs.first != piece.begin() + std::ptrdiff_t(count)) {
      fail(begin + std::size_t(differs.first - piece.begin()), *differs.first, *differs.second);
    }
  }
}

// Seconds of a call in the best tenth of the samples. Other work on the machine only ever slows a
// sample down: of a busy machine the median tells the load, not the ceiling.
double sustained(const Measurement& m) {
  std::vector<double> ascending = m.samples;
  std::ranges::sort(ascending);
  return quantile(ascending, 0.1);
}

// A copy by the C library, which may pass the caches by; a block program's stores read every line
// that they write.
void copy_by_memcpy(const CeilingProblem& p, int threads) {
  const auto* from = static_cast<const float*>(p.x);
  auto* to = static_cast<float*>(p.y);
#pragma omp parallel for num_threads(threads) schedule(static)
  for (int i = 0; i < threads; ++i) {
    const std::int64_t begin = p.n * i / threads;
    const std::int64_t end = p.n * (i + 1) / threads;
    std::memcpy(to + begin, from + begin, static_cast<std::size_t>(end - begin) * sizeof(float));
  }
}

// Reads as the yardsticks beside the cases do: all words' exclusive or is y's first word.
void read_words(const Problem& problem, int threads) {
  const auto& p = std::get<CeilingProblem>(problem);
  const Region x{.data = p.x, .bytes = static_cast<std::size_t>(p.n) * sizeof(float)};
  const std::uint32_t words = xor_words({&x, 1}, threads);
  std::memcpy(p.y, &words, sizeof words);
}

// What the names of kernels begin with.
using Prefixes = std::vector<std::string>;

bool meant(const Prefixes& prefixes, std::string_view name) {
  return std::ranges::any_of(prefixes, [&](const auto& p) { return name.starts_with(p); });
}

// What the runs of a unit's loop, and the reasons for their absence, begin with.
std::string unit_prefix(std::optional<DType> type) {
  return fmt::format("unit/{}/", type ? name_of(*type) : "int8");
}

// The kernels and loops that a rate is the best of: f32 FMAs multiply operands of every type.
Prefixes kernels_of_products(DType t) {
  return {"fma", "mma/f32", fmt::format("mma/{}", name_of(t)), unit_prefix(DType::f32),
          unit_prefix(t)};
}

std::string_view unit_of(std::string_view reason) { return reason.substr(0, reason.find(": ")); }

// Runs ceiling kernels on one device and gathers what they reached.
class Runner {
 public:
  Runner(Device& device, Clock& clock, const std::atomic<bool>* stop, Scheduling* scheduling)
      : device_(device), clock_(clock), stop_(stop), scheduling_(scheduling) {}

  // Checks the kernel, times it and checks it again. What was interrupted is neither right nor
  // wrong, and few samples of it are no ceiling.
  void run(const Prepared& kernel, double seconds) {
    if (stopped()) return interrupted.push_back(kernel.name);
    if (!right(kernel, "before")) return;
    MeasureOptions options = default_options(device_.info());
    options.sampler.budget_seconds = seconds;
    options.warmup_seconds = std::min(options.warmup_seconds, seconds / 4);
    options.stop = stop_;
    options.scheduling = scheduling_;
    const Implementation self{kernel.name, [&](const Problem& p) { solve(kernel, p); }};
    Measurement m;
    for (int i = 0; i < kCeilingTries; ++i) {
      m = measure(device_, {self}, {{kernel.problem}}, options, clock_).measurements.front();
      if (!m.disturbed) break;
    }
    const CeilingProblem& p = kernel.problem;
    const bool memory = p.kind == CeilingKind::read || p.kind == CeilingKind::copy;
    if (!m.error.empty()) {
      missing.push_back(fmt::format("{}: {}", m.name, m.error));
    } else if (m.stop_reason == StopReason::interrupted) {
      interrupted.push_back(m.name);
    } else if (m.disturbed) {
      missing.push_back(fmt::format(
          "{}: disturbed: {} of {} samples were set aside, {} times", m.name, m.set_aside,
          m.set_aside + static_cast<int>(m.samples.size()), kCeilingTries));
      disturbed_.push_back(m.name);
    } else if (!m.samples.empty() && sustained(m) > 0 && right(kernel, "after")) {
      const double counted = memory ? bytes(p) : flops(p);
      const double rate = (kernel.work > 0 ? kernel.work : counted) / sustained(m);
      runs.push_back({.name = m.name, .rate = rate, .measurement = std::move(m)});
    }
  }

  // The best of the runs whose name begins with one of these; empty if one of them was disturbed or
  // interrupted, for it may be the one that the device does best.
  std::optional<double> best(const Prefixes& prefixes) const {
    if (disturbed(prefixes) || any_of(interrupted, prefixes)) return std::nullopt;
    std::optional<double> rate;
    for (const CeilingRun& run : runs) {
      if (meant(prefixes, run.name)) rate = std::max(rate.value_or(0), run.rate);
    }
    return rate;
  }

  bool ran(const std::string& prefix) const {
    return std::ranges::any_of(runs, [&](const auto& r) { return r.name.starts_with(prefix); });
  }

  bool disturbed(const Prefixes& prefixes) const { return any_of(disturbed_, prefixes); }

  bool stopped() const { return stop_ != nullptr && *stop_; }

  std::vector<CeilingRun> runs;
  std::vector<std::string> missing;
  std::vector<std::string> interrupted;

 private:
  static bool any_of(const std::vector<std::string>& names, const Prefixes& prefixes) {
    return std::ranges::any_of(names, [&](const auto& name) { return meant(prefixes, name); });
  }

  void solve(const Prepared& kernel, const Problem& p) {
    if (kernel.other) {
      kernel.other(p);
    } else {
      device_.run(p);
    }
  }

  bool right(const Prepared& kernel, std::string_view when) {
    try {
      if (when == "after") {
        kernel.check();
        return true;
      }
      device_.fill(kernel.problem.y, kPoison, kernel.out_bytes);
      solve(kernel, kernel.problem);
      device_.synchronize();
      kernel.check();
      device_.fill(kernel.problem.y, kPoison, kernel.out_bytes);
      return true;
    } catch (const std::runtime_error& e) {
      missing.push_back(fmt::format("{}: checked {} the timing: {}", kernel.name, when, e.what()));
      return false;
    }
  }

  Device& device_;
  Clock& clock_;
  const std::atomic<bool>* stop_;
  Scheduling* scheduling_;
  std::vector<std::string> disturbed_;
};

void run_compute(Device& device, Runner& runner, const std::vector<DType>& types) {
  // Calls of about 0.3 ms on a CPU, long beside their launch and short beside the time slices of a
  // busy machine, and calls 32 times as long, which lose less to threads that wait for each other.
  const std::size_t per_unit = device.info().host ? 1 << 11 : 1 << 15;
  const int units = std::max(device.info().compute_units, 1);
  const std::size_t n = per_unit * static_cast<std::size_t>(units);
  const std::size_t bytes = n * sizeof(float);
  const auto x = uniform(n, 1);
  const Buffer from(device, bytes);
  const Buffer to(device, bytes);
  upload(device, from, x);

  std::vector<Prepared> kernels;
  for (const int repeats : {512, 32 * 512}) {
    const CeilingProblem p{.kind = CeilingKind::fma,
                           .n = static_cast<std::int64_t>(n),
                           .repeats = repeats,
                           .x = from.data(),
                           .y = to.data()};
    kernels.push_back({.name = fmt::format("fma/{}", repeats),
                       .problem = p,
                       .out_bytes = bytes,
                       .check = [&device, &x, p] { check_chains(device, p, x); }});
  }

  const ProductShape shape = ceiling_product(units);
  constexpr int kDepth = 256;
  constexpr int kProducts = 8;
  struct Operands {
    std::vector<std::byte> a, b;
    Buffer device_a, device_b, device_c;
  };
  std::vector<std::unique_ptr<Operands>> operands;
  for (const DType t : types) {
    const std::size_t size = size_of(t);
    const auto narrow = [&](int side, unsigned seed) {
      const auto wide = uniform(std::size_t(side) * kDepth, seed);
      std::vector<std::byte> narrowed(wide.size() * size);
      with_dtype(t, [&]<class T>(Type<T>) {
        std::ranges::transform(wide, reinterpret_cast<T*>(narrowed.data()), from_float<T>);
      });
      return narrowed;
    };
    const std::size_t c_bytes = std::size_t(shape.rows) * shape.cols * size;
    const std::size_t a_bytes = std::size_t(shape.rows) * kDepth * size;
    const std::size_t b_bytes = std::size_t(shape.cols) * kDepth * size;
    operands.emplace_back(new Operands{.a = narrow(shape.rows, 1),
                                       .b = narrow(shape.cols, 2),
                                       .device_a = {device, a_bytes},
                                       .device_b = {device, b_bytes},
                                       .device_c = {device, c_bytes}});
    Operands& o = *operands.back();
    device.upload(o.device_a.data(), o.a.data(), a_bytes);
    device.upload(o.device_b.data(), o.b.data(), b_bytes);
    const CeilingProblem p{.kind = CeilingKind::mma,
                           .dtype = t,
                           .n = shape.cols,
                           .m = shape.rows,
                           .k = kDepth,
                           .repeats = kProducts,
                           .x = o.device_a.data(),
                           .w = o.device_b.data(),
                           .y = o.device_c.data()};
    kernels.push_back({fmt::format("mma/{}", name_of(t)), p, c_bytes,
                       [&device, &o, p] { check_products(device, p, o.a.data(), o.b.data()); }});
  }
  for (const Prepared& kernel : kernels) runner.run(kernel, 0.3);
}

// Loops over units that the device's kernels may not use.
void run_units(const std::vector<Unit>& units, Runner& runner) {
  for (const Unit& unit : units) {
    const std::string name = unit_prefix(unit.type) + unit.name;
    if (!unit.missing.empty()) {
      runner.missing.push_back(fmt::format("{}: {}", name, unit.missing));
      continue;
    }
    const UnitOperands operands(unit);
    std::vector<double> c(std::size_t(unit.threads) * unit.m * unit.n);
    // Calls as long as those of the kernels: 0.2 ms of a vector unit, less of one for tiles, and 32
    // times that.
    constexpr double kOperations = 2e7;
    const double of_a_thread = unit.operations(1) / unit.threads;
    const auto few = static_cast<std::int64_t>(std::ceil(kOperations / of_a_thread));
    for (const std::int64_t rounds : {few, 32 * few}) {
      runner.run({.name = fmt::format("{}/{}", name, rounds * unit.steps_per_round),
                  .problem = {.n = static_cast<std::int64_t>(c.size()), .y = c.data()},
                  .out_bytes = c.size() * sizeof(double),
                  .check = [&, rounds] { check_unit(unit, operands, c, rounds); },
                  .other =
                      [&, rounds](const Problem&) {
                        unit.run({.a = operands.a_as.data(),
                                  .b = operands.b_as.data(),
                                  .c = c.data(),
                                  .rounds = rounds});
                      },
                  .work = unit.operations(rounds)},
                 0.2);
    }
  }
}

void run_memory(Device& device, Runner& runner, std::size_t memory_limit,
                const CeilingNeeds& needs) {
  if (!needs.read && !needs.copy) return;
  if (runner.stopped()) {
    for (const char* kernel : {"read", "copy"}) runner.interrupted.emplace_back(kernel);
    return;
  }
  // Twice the cache, so that nothing of the last call is left in it; whole patterns.
  const auto pattern = integers();
  const std::size_t pattern_bytes = pattern.size() * sizeof(float);
  constexpr std::size_t kLeast = std::size_t{256} << 20;
  const std::size_t wanted = std::max(2 * device.info().cache_bytes, kLeast);
  const std::size_t bytes = ceil_div(wanted, 2 * pattern_bytes) * 2 * pattern_bytes;
  if (bytes > memory_limit) {
    runner.missing.push_back(fmt::format(
        "read, copy: an array of twice the cache needs {} MiB of memory; the limit is {} MiB",
        bytes >> 20, memory_limit >> 20));
    return;
  }
  const Buffer array(device, bytes);
  const auto n = static_cast<std::int64_t>(bytes / sizeof(float));
  const Buffer sum(device, sizeof(float));
  for (std::size_t at = 0; at < bytes; at += pattern_bytes) {
    device.upload(array.data() + at, pattern.data(), pattern_bytes);
  }
  const CeilingProblem read{.kind = CeilingKind::read, .n = n, .x = array.data(), .y = sum.data()};
  if (needs.read) {
    runner.run({.name = "read",
                .problem = read,
                .out_bytes = sizeof(float),
                .check = [&] { check_read(device, read, pattern); }},
               0.4);
  }

  const int threads = device.info().compute_units;
  if (device.info().host && needs.read) {
    // An odd number of patterns: an even one has the exclusive or 0.
    CeilingProblem odd = read;
    odd.n -= static_cast<std::int64_t>(pattern.size());
    runner.run({.name = "read/streams",
                .problem = odd,
                .out_bytes = sizeof(std::uint32_t),
                .check = [&] { check_words(device, odd, pattern); },
                .other = [threads](const Problem& p) { read_words(p, threads); }},
               0.4);
  }

  if (!needs.copy) return;
  // Last: a copy that fails midway leaves an array that no longer holds the patterns.
  const CeilingProblem copy{
      .kind = CeilingKind::copy, .n = n / 2, .x = array.data(), .y = array.data() + bytes / 2};
  const auto check = [&] { check_copy(device, copy, pattern); };
  runner.run({.name = "copy", .problem = copy, .out_bytes = bytes / 2, .check = check}, 0.4);
  if (device.info().host) {
    const auto copy_by = [&](const char* name, auto&& move) {
      runner.run({.name = name,
                  .problem = copy,
                  .out_bytes = bytes / 2,
                  .check = check,
                  .other = [threads, move](
                               const Problem& p) { move(std::get<CeilingProblem>(p), threads); }},
                 0.4);
    };
    copy_by("copy/memcpy", copy_by_memcpy);
    copy_by("copy/streams", [](const CeilingProblem& p, int count) {
      copy_bytes(p.x, p.y, static_cast<std::size_t>(p.n) * sizeof(float), count);
    });
  }
}

// What is read and written moves at the rate of a copy, the rest at that of a read.
struct MemoryTraffic {
  double copied = 0;
  double rest = 0;

  // Whether so small a part, such as RMSNorm's weights, may go at the other's rate: the floor
  // changes by less than the ceilings' own error.
  bool is_small(double part) const { return part <= 0.01 * (copied + rest); }
  bool lacks(CeilingKind kind, const Ceilings& c) const {
    const double part = kind == CeilingKind::copy ? copied : rest;
    return !(kind == CeilingKind::copy ? c.copy_bytes : c.read_bytes) && !is_small(part);
  }

  std::optional<double> floor(const Ceilings& c) const {
    if (lacks(CeilingKind::copy, c) || lacks(CeilingKind::read, c)) return std::nullopt;
    const auto copy = c.copy_bytes ? c.copy_bytes : c.read_bytes;
    const auto read = c.read_bytes ? c.read_bytes : c.copy_bytes;
    if (!copy) return std::nullopt;
    return copied / *copy + rest / *read;
  }
};

MemoryTraffic traffic_of(double read, double written) {
  return {.copied = 2 * std::min(read, written), .rest = std::abs(read - written)};
}

MemoryTraffic traffic_of(const Problem& problem) {
  // A single result is no stream of writes.
  const double out = elements(outputs_of(problem).front()) > 1 ? written_bytes(problem) : 0;
  return traffic_of(bytes(problem) - out, out);
}

// What is missing of the kernels whose names are `meant`. Those that the user did not wait for need
// no line each.
template <class Meant>
std::vector<std::string> reasons(const Ceilings& c, Meant is_meant) {
  std::vector<std::string> own;
  std::ranges::copy_if(c.missing, std::back_inserter(own),
                       [&](std::string_view reason) { return is_meant(unit_of(reason)); });
  if (std::ranges::any_of(c.interrupted, is_meant)) own.emplace_back("interrupted");
  return own;
}

std::string joined(const std::vector<std::string>& texts) {
  return fmt::format("{}", fmt::join(texts, "; "));
}

// Those of all kernels where none is meant.
template <class Meant>
std::string why(const Ceilings& c, Meant is_meant) {
  auto own = reasons(c, is_meant);
  if (own.empty()) own = reasons(c, [](std::string_view) { return true; });
  return own.empty() ? "not measured" : joined(own);
}

}  // namespace

ProductShape ceiling_product(int units) {
  constexpr int kTile = 256;
  const auto shape_of = [&](int tiles) {
    int rows = static_cast<int>(std::sqrt(tiles));
    while (tiles % rows != 0) --rows;
    return ProductShape{.rows = kTile * rows, .cols = kTile * (tiles / rows)};
  };
  const auto is_longer = [](const ProductShape& a, const ProductShape& b) {
    return std::int64_t{a.cols} * b.rows > std::int64_t{b.cols} * a.rows;
  };
  ProductShape best = shape_of(2 * units);
  for (int waves = 3; waves <= 4 && best.cols >= 2 * best.rows; ++waves) {
    if (const ProductShape other = shape_of(waves * units); is_longer(best, other)) best = other;
  }
  return best;
}

std::optional<double>& Ceilings::flops(DType t) { return flops_of(*this, t); }

std::optional<double> Ceilings::flops(DType t) const { return flops_of(*this, t); }

std::string Ceilings::why_no_flops(DType t) const {
  // What no kernel of the device can do, none that ran calmly could have done.
  const std::string type = fmt::format("{}: ", name_of(t));
  for (const std::string& reason : missing) {
    if (reason.starts_with(type)) return reason.substr(type.size());
  }
  return why(*this, [&](std::string_view name) { return meant(kernels_of_products(t), name); });
}

std::string Ceilings::why_no_int8() const {
  const auto own = reasons(
      *this, [](std::string_view name) { return name.starts_with(unit_prefix(std::nullopt)); });
  return own.empty() ? "the device has no such unit that is measured" : joined(own);
}

std::string Ceilings::why_no_bytes(CeilingKind kind) const {
  const std::string_view name = kind == CeilingKind::read ? "read" : "copy";
  return why(*this, [&](std::string_view kernel) { return kernel.find(name) != kernel.npos; });
}

Ceilings measure_ceilings(Device& device, Clock& clock, std::size_t memory_limit,
                          const std::atomic<bool>* stop, Scheduling* scheduling,
                          const CeilingNeeds& needs) {
  Runner runner(device, clock, stop, scheduling);
  // f32 FMAs multiply operands of every type.
  std::vector<DType> types;
  const auto is_needed = [&](DType t) {
    return std::ranges::find(needs.types, t) != needs.types.end();
  };
  std::ranges::copy_if(kDTypes, std::back_inserter(types), [&](DType t) {
    return is_needed(t) || (t == DType::f32 && !needs.types.empty());
  });
  std::vector<Unit> units = device.units();
  std::erase_if(units, [&](const Unit& u) {
    return u.type ? std::ranges::find(types, *u.type) == types.end() : !needs.int8;
  });
  if (!types.empty()) run_compute(device, runner, types);
  run_units(units, runner);
  run_memory(device, runner, memory_limit, needs);
  for (const DType t : kDTypes) {
    if (std::ranges::find(types, t) == types.end()) {
      runner.missing.push_back(fmt::format("{}: {}", name_of(t), kNotNeeded));
    }
  }
  if (!needs.int8) {
    runner.missing.push_back(fmt::format("{}all: {}", unit_prefix(std::nullopt), kNotNeeded));
  }
  if (!needs.read) runner.missing.push_back(fmt::format("read: {}", kNotNeeded));
  if (!needs.copy) runner.missing.push_back(fmt::format("copy: {}", kNotNeeded));

  Ceilings ceilings;
  ceilings.missing = std::move(runner.missing);
  ceilings.interrupted = std::move(runner.interrupted);
  const auto enter = [&](std::string_view name, std::optional<double>& rate,
                         const Prefixes& kernels) {
    rate = runner.best(kernels);
    if (runner.disturbed(kernels)) ceilings.disturbed.emplace_back(name);
  };
  // A unit that others may use here and that was not measured may be the one that the device does
  // best.
  const auto unmeasured = [&](std::optional<DType> type) {
    return std::ranges::any_of(units, [&](const Unit& u) {
      return u.reachable && u.type == type && !runner.ran(unit_prefix(type) + u.name + "/");
    });
  };
  for (const DType t : types) {
    auto& rate = ceilings.flops(t);
    enter(name_of(t), rate, kernels_of_products(t));
    if (unmeasured(DType::f32) || unmeasured(t)) rate.reset();
  }
  if (!unmeasured(std::nullopt)) enter("int8", ceilings.ops_int8, {unit_prefix(std::nullopt)});
  enter("read", ceilings.read_bytes, {"read"});
  enter("copy", ceilings.copy_bytes, {"copy"});
  ceilings.runs = std::move(runner.runs);
  return ceilings;
}

CeilingNeeds ceilings_needed(const std::vector<Problem>& problems, bool cold) {
  CeilingNeeds needs{.types = {}, .int8 = false, .read = false, .copy = false};
  const Ceilings none;
  for (const Problem& problem : problems) {
    const DType type = dtype(problem);
    if (std::ranges::find(needs.types, type) == needs.types.end()) needs.types.push_back(type);
    if (!cold) continue;
    const MemoryTraffic traffic = traffic_of(problem);
    needs.read = needs.read || traffic.lacks(CeilingKind::read, none);
    needs.copy = needs.copy || traffic.lacks(CeilingKind::copy, none);
  }
  needs.int8 = needs.types.size() == std::size(kDTypes);
  return needs;
}

Ceilings best_of(Ceilings a, Ceilings b) {
  for (std::string& name : b.disturbed) {
    std::erase(a.disturbed, name);
    a.disturbed.push_back(std::move(name));
  }
  const auto raise = [&](std::string_view name, std::optional<double>& rate,
                         std::optional<double> other) {
    if (other && (!rate || *other > *rate)) rate = other;
    if (rate) std::erase(a.disturbed, name);
  };
  for (const DType t : kDTypes) raise(name_of(t), a.flops(t), b.flops(t));
  raise("int8", a.ops_int8, b.ops_int8);
  raise("read", a.read_bytes, b.read_bytes);
  raise("copy", a.copy_bytes, b.copy_bytes);
  std::ranges::move(b.runs, std::back_inserter(a.runs));
  std::erase_if(a.missing, [&](const std::string& reason) {
    const std::string again = fmt::format("{}: disturbed", unit_of(reason));
    return reason.starts_with(again) &&
           std::ranges::any_of(b.missing, [&](const auto& r) { return r.starts_with(again); });
  });
  // One that was measured beside a case was asked for less.
  std::erase_if(b.missing, [](const std::string& reason) { return reason.ends_with(kNotNeeded); });
  const auto add_new = [](std::vector<std::string>& to, std::vector<std::string>& from) {
    for (std::string& text : from) {
      if (std::ranges::find(to, text) == to.end()) to.push_back(std::move(text));
    }
  };
  add_new(a.missing, b.missing);
  add_new(a.interrupted, b.interrupted);
  return a;
}

void enter_traffic(Ceilings& ceilings, CeilingKind kind, double bytes, Measurement measurement) {
  if (measurement.samples.empty() || !(sustained(measurement) > 0)) return;
  const double rate = bytes / sustained(measurement);
  auto& best = kind == CeilingKind::copy ? ceilings.copy_bytes : ceilings.read_bytes;
  if (!best || *best >= rate) return;
  best = rate;
  measurement.summary = summarize(measurement.samples);
  ceilings.runs.push_back(
      {.name = measurement.name, .rate = rate, .measurement = std::move(measurement)});
}

std::string_view name_of(Bound bound) { return bound == Bound::compute ? "compute" : "memory"; }

std::optional<Roofline> traffic_roofline(double read, double written, double seconds,
                                         const Ceilings& ceilings, bool cold) {
  const auto floor = cold ? traffic_of(read, written).floor(ceilings) : std::nullopt;
  if (!floor) return std::nullopt;
  const double share = *floor / seconds;
  return Roofline{.bound = Bound::memory,
                  .floor_seconds = *floor,
                  .share = share,
                  .suspect = share > kSuspectShare};
}

std::optional<Roofline> product_roofline(double flops, DType type, double seconds,
                                         const Ceilings& ceilings) {
  const auto rate = ceilings.flops(type);
  if (!rate) return std::nullopt;
  const double floor = flops / *rate;
  const double share = floor / seconds;
  return Roofline{.bound = Bound::compute,
                  .floor_seconds = floor,
                  .share = share,
                  .suspect = share > kSuspectShare};
}

bool counts_flops(const Problem& problem) { return work(problem) == Work::products; }

std::optional<Roofline> roofline(const Problem& problem, double seconds, const Ceilings& ceilings,
                                 bool cold) {
  const auto at = [&](Bound bound, double floor) {
    const double share = floor / seconds;
    return Roofline{
        .bound = bound, .floor_seconds = floor, .share = share, .suspect = share > kSuspectShare};
  };
  const auto unless_hidden = [](const Roofline& r, bool binds) {
    return binds || r.suspect ? std::optional(r) : std::nullopt;
  };
  const auto memory = cold ? traffic_of(problem).floor(ceilings) : std::nullopt;
  const auto rate = ceilings.flops(dtype(problem));
  if (rate) {
    const double compute = flops(problem) / *rate;
    if (memory && *memory > compute) return at(Bound::memory, *memory);
    return unless_hidden(at(Bound::compute, compute), memory || !cold);
  }
  if (!memory) return std::nullopt;
  const bool few_operations = work(problem) == Work::elements;
  return unless_hidden(
      at(Bound::memory, *memory),
      few_operations || (ceilings.flops_f32 && *memory >= flops(problem) / *ceilings.flops_f32));
}

std::string why_no_roofline(const Problem& problem, const Ceilings& ceilings, bool cold) {
  std::vector<std::string> reasons;
  for (const CeilingKind kind : {CeilingKind::read, CeilingKind::copy}) {
    if (!cold || !traffic_of(problem).lacks(kind, ceilings)) continue;
    const std::string why = ceilings.why_no_bytes(kind);
    if (std::ranges::find(reasons, why) == reasons.end()) reasons.push_back(why);
  }
  std::string text;
  if (!reasons.empty()) text = fmt::format("no memory ceiling: {}", joined(reasons));
  // Where memory surely binds, the arithmetic's ceiling is not asked for.
  const DType type = dtype(problem);
  const bool memory_binds = cold && work(problem) == Work::elements;
  if (!ceilings.flops(type) && (text.empty() || !memory_binds)) {
    text += fmt::format("{}no {} compute ceiling: {}", text.empty() ? "" : "; ", name_of(type),
                        ceilings.why_no_flops(type));
  }
  return text;
}

}  // namespace moat
