// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/yardsticks.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <span>
#include <type_traits>

#include "bench/measure/traffic_loops.hpp"

namespace moat {
namespace {

// The inputs that are read. Of fixed size, because they are listed while time is taken.
struct Inputs {
  std::array<Region, 4> regions;
  std::size_t count = 0;  // 0: reading says nothing about the problem's time
  void* output = nullptr;

  std::span<const Region> all() const { return std::span(regions).first(count); }
};

Inputs inputs_of(const Problem& problem) {
  Inputs inputs;
  double written = 0;
  bool listed = true;
  for_each_operand(problem, [&](const Operand& o, auto pointer) {
    if constexpr (std::is_same_v<decltype(pointer), void*>) {
      if (inputs.output != nullptr) return;
      inputs.output = pointer;
      written = bytes_moved(o);
    } else if (o.pages || o.ragged || inputs.count == inputs.regions.size()) {
      listed = false;
    } else {
      inputs.regions.at(inputs.count++) = {.data = pointer,
                                           .bytes = static_cast<std::size_t>(bytes_held(o))};
    }
  });
  // The words' exclusive or has to find room in what is written.
  const bool reads = work(problem) == Work::vectors ||
                     std::holds_alternative<ReductionProblem>(problem) ||
                     std::holds_alternative<TopkProblem>(problem) ||
                     std::holds_alternative<SampleProblem>(problem);
  if (!listed || !reads || written < sizeof(std::uint32_t)) inputs.count = 0;
  return inputs;
}

std::vector<std::byte> bytes_of(const void* data, std::size_t size) {
  const auto* begin = static_cast<const std::byte*>(data);
  return {begin, begin + size};
}

class Read final : public Yardstick {
 public:
  explicit Read(int threads) : threads_(threads) {}

  std::string name() const override { return kReadYardstick; }
  std::string detail() const override { return "reads every input once, 8 streams a thread"; }

  std::optional<Traffic> traffic(const Problem& problem) const override {
    const Inputs inputs = inputs_of(problem);
    if (inputs.count == 0) return std::nullopt;
    Traffic traffic;
    for (const Region& r : inputs.all()) traffic.read += static_cast<double>(r.bytes);
    return traffic;
  }

  // Word by word, to check the vectors.
  std::vector<std::byte> leaves(const Problem& host) const override {
    std::uint32_t total = 0;
    const Inputs inputs = inputs_of(host);
    for (const Region& r : inputs.all()) {
      for (std::size_t i = 0; i < r.bytes; i += sizeof total) {
        std::uint32_t word = 0;
        std::memcpy(&word, static_cast<const std::byte*>(r.data) + i,
                    std::min(sizeof word, r.bytes - i));
        total ^= word;
      }
    }
    return bytes_of(&total, sizeof total);
  }

  void run(const Problem& problem) override {
    const Inputs inputs = inputs_of(problem);
    const std::uint32_t total = xor_words(inputs.all(), threads_);
    std::memcpy(inputs.output, &total, sizeof total);
  }

 private:
  int threads_;
};

// What is copied: as many bytes as are written, from the first input on.
struct Copied {
  const void* from = nullptr;
  void* to = nullptr;
  std::size_t bytes = 0;  // 0: copying says nothing about the problem's time
};

Copied copied_of(const Problem& problem) {
  if (work(problem) != Work::elements) return {};
  Copied copied;
  double read = 0;
  double written = 0;
  bool single = false;  // a result
  for_each_operand(problem, [&](const Operand& o, auto pointer) {
    if constexpr (std::is_same_v<decltype(pointer), void*>) {
      if (written > 0) return;  // of several outputs the first
      copied.to = pointer;
      written = bytes_moved(o);
      single = elements(o) == 1;
    } else if (read == 0) {
      copied.from = pointer;
      read = bytes_moved(o);
    }
  });
  // Where little is written, reading is what binds.
  constexpr double kMostRead = 4;
  if (single || read < written || read > kMostRead * written) return {};
  copied.bytes = static_cast<std::size_t>(written);
  return copied;
}

class Copy final : public Yardstick {
 public:
  explicit Copy(int threads) : threads_(threads) {}

  std::string name() const override { return kCopyYardstick; }
  std::string detail() const override {
    return "copies as much as is written, 4 streams a thread, past the caches from 256 KiB on";
  }

  std::optional<Traffic> traffic(const Problem& problem) const override {
    const Copied copied = copied_of(problem);
    if (copied.bytes == 0) return std::nullopt;
    const auto bytes = static_cast<double>(copied.bytes);
    return Traffic{.read = bytes, .written = bytes};
  }

  std::vector<std::byte> leaves(const Problem& host) const override {
    const Copied copied = copied_of(host);
    return bytes_of(copied.from, copied.bytes);
  }

  void run(const Problem& problem) override {
    const Copied copied = copied_of(problem);
    copy_bytes(copied.from, copied.to, copied.bytes, threads_);
  }

 private:
  int threads_;
};

// Whole tiles of every schedule in two dimensions, and in the third what is left.
std::optional<Problem> product_beside(const Problem& problem) {
  if (!std::holds_alternative<AttentionProblem>(problem) || work(problem) != Work::products) {
    return std::nullopt;
  }
  constexpr double kTile = 256;
  const double half = flops(problem) / 2;
  const double side = std::max(std::round(std::cbrt(half) / kTile), 1.0) * kTile;
  const double depth = std::max(std::round(half / (side * side)), 32.0);
  return GemmProblem{.dtype = dtype(problem),
                     .m = static_cast<int>(side),
                     .n = static_cast<int>(side),
                     .k = static_cast<int>(depth)};
}

}  // namespace

ProductYardstick make_product_yardstick() {
  return {.detail = "our GEMM of as many FLOPs and the same type", .beside = product_beside};
}

std::vector<std::unique_ptr<Yardstick>> make_yardsticks(int threads) {
  std::vector<std::unique_ptr<Yardstick>> all;
  all.push_back(std::make_unique<Read>(threads));
  all.push_back(std::make_unique<Copy>(threads));
  return all;
}

}  // namespace moat
