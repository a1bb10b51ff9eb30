// SPDX-License-Identifier: Apache-2.0
#include "bench/verify/operands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>
#include <type_traits>

#include "bench/cases/case.hpp"
#include "bench/verify/fill.hpp"
#include "bench/verify/random.hpp"

namespace moat {
namespace {

constexpr std::align_val_t kAlignment{256};

// Elements of the operand with the gaps between its rows.
std::int64_t count(const Operand& o) { return static_cast<std::int64_t>(extent(o)); }

std::size_t size_in_bytes(const Operand& o) {
  return static_cast<std::size_t>(count(o)) * element_bytes(o);
}

// With at least kGuardBytes behind the end.
std::size_t guarded(std::size_t size) {
  return ceil_div(size, kGuardBytes) * kGuardBytes + kGuardBytes;
}

// The harness has no values for bounds of groups beside an operand yet.
void require_plain(const Operand& o) {
  if (o.ragged) {
    throw CaseError(fmt::format("operand {}: nothing is made for ragged groups", o.name));
  }
}

// What stands behind the inputs: NaN, which no sum passes over; infinity, where a maximum does.
float value_beyond(const Problem& problem) {
  const auto* rows = std::get_if<RowsProblem>(&problem);
  const auto* reduction = std::get_if<ReductionProblem>(&problem);
  const bool maximum = (rows != nullptr && rows->op == RowsOp::softmax) ||
                       (reduction != nullptr && reduction->op != ReductionOp::sum);
  return maximum ? std::numeric_limits<float>::infinity() : std::numeric_limits<float>::quiet_NaN();
}

// That many bytes of it; of codes, what is NaN in an 8-bit float and a large number in others, as
// in positions and indices. Not kPoison, or a result that it reached would look as if it had not
// been written.
std::vector<std::byte> beyond(const Operand& o, std::size_t size, float value) {
  std::vector<std::byte> bytes(size, std::byte{0x7f});
  if (o.code || o.positions || o.indices) return bytes;
  with_dtype(o.type, [&]<class T>(Type<T>) {
    const T element = from_float<T>(value);
    for (std::size_t at = 0; at + sizeof(T) <= size; at += sizeof(T)) {
      std::memcpy(bytes.data() + at, &element, sizeof(T));
    }
  });
  return bytes;
}

// Calls f(pointer, operand) for each input.
template <class F>
void for_each_input(Problem& problem, F&& f) {
  if (describe(problem).kernel.empty()) throw CaseError("this problem has no operands to make");
  for_each_operand(problem, [&](const Operand& o, auto& pointer) {
    require_plain(o);
    if constexpr (std::is_same_v<decltype(pointer), const void*&>) f(pointer, o);
  });
}

}  // namespace

void Inputs::Free::operator()(void* p) const noexcept { ::operator delete(p, kAlignment); }

Inputs::Inputs(const Problem& shape, std::uint64_t seed, int first_kind) : problem_(shape) {
  set_outputs(problem_, nullptr);
  std::uint64_t stream = 0;
  for_each_input(problem_, [&](const void*& data, const Operand& o) {
    data = make(o, stream_seed(seed, stream++));
  });
  std::visit([&](const auto& p) { fill(p, stream_seed(seed, stream), first_kind); }, problem_);
}

Inputs::Inputs(const Inputs& own, const Inputs& other, std::uint64_t seed)
    : problem_(own.problem_) {
  constexpr std::size_t kParts = 8;
  std::vector<const std::byte*> others;
  Problem of_other = other.problem_;
  for_each_input(of_other, [&](const void*& data, const Operand&) {
    others.push_back(static_cast<const std::byte*>(data));
  });
  for_each_input(problem_, [&](const void*& data, const Operand& o) {
    const std::size_t input = buffers_.size();
    const std::size_t size = element_bytes(o);
    const auto elements = static_cast<std::size_t>(count(o));
    buffers_.emplace_back(::operator new(elements* size, kAlignment));
    auto* to = static_cast<std::byte*>(buffers_.back().get());
    std::memcpy(to, data, elements * size);
    const std::size_t length = ceil_div(elements, kParts);
    const std::size_t begin = random_bits(seed, input) % (elements - length + 1);
    std::memcpy(to + begin * size, others.at(input) + begin * size, length * size);
    data = to;
  });
}

void* Inputs::make(const Operand& o, std::uint64_t seed) {
  buffers_.emplace_back(::operator new(size_in_bytes(o), kAlignment));
  void* data = buffers_.back().get();
  if (o.indices || o.positions) {
    std::memset(data, 0, size_in_bytes(o));  // for `fill` to choose
  } else if (o.code) {
    fill_bits(data, count(o), seed);
  } else {
    fill_uniform(data, o.type, count(o), seed);
  }
  return data;
}

Operands::Operands(Device& device, const Inputs& inputs, int outputs)
    : device_(&device), output_size_(outputs_bytes(inputs.problem()) + kGuardBytes) {
  Problem problem = inputs.problem();
  for_each_input(problem, [&](const void*& data, const Operand& o) {
    const std::size_t size = size_in_bytes(o);
    const std::size_t allocated = device_->info().host ? guarded(size) : size;
    inputs_.push_back(allocate(allocated));
    auto* to = static_cast<std::byte*>(inputs_.back().get());
    const std::vector<std::byte> behind =
        beyond(o, allocated - size, value_beyond(inputs.problem()));
    if (!behind.empty()) device_->upload(to + size, behind.data(), behind.size());
    data = to;
  });
  load(inputs.problem());
  for (int i = 0; i < outputs; ++i) {
    outputs_.push_back(allocate(output_size_));
    set_outputs(problem, outputs_.back().get());
    problems_.push_back(problem);
    poison(i);
  }
}

Operands::Buffer Operands::allocate(std::size_t size) {
  return {device_->allocate(size), Release{device_}};
}

void Operands::poison(int output) {
  device_->fill(outputs_.at(output).get(), kPoison, output_size_);
}

void Operands::soil(int output) {
  constexpr unsigned char kSoil = 0x3d;  // 0.046 in f32, 0.045 in bf16, 1.3 in f16
  auto* begin = static_cast<std::byte*>(outputs_.at(output).get());
  for (const OutputPlace& place : output_places(problems_.at(output))) {
    if (place.operand.leading > place.operand.cols || place.operand.used > 0) continue;
    device_->fill(begin + place.offset, kSoil, place.bytes);
  }
}

void Operands::load(const Problem& host) {
  Problem problem = host;
  std::size_t next = 0;
  for_each_input(problem, [&](const void*& data, const Operand& o) {
    device_->upload(inputs_.at(next++).get(), data, size_in_bytes(o));
  });
}

std::string Operands::changed_input(const Problem& host) const {
  constexpr std::size_t kPart = std::size_t{1} << 20;
  std::vector<std::byte> part;
  std::string changed;
  Problem problem = host;
  std::size_t next = 0;
  for_each_input(problem, [&](const void*& data, const Operand& o) {
    const auto* want = static_cast<const std::byte*>(data);
    const auto* from = static_cast<const std::byte*>(inputs_.at(next++).get());
    const std::size_t size = size_in_bytes(o);
    for (std::size_t at = 0; at < size && changed.empty(); at += kPart) {
      part.resize(std::min(kPart, size - at));
      device_->download(part.data(), from + at, part.size());
      if (std::memcmp(part.data(), want + at, part.size()) != 0) changed = o.name;
    }
  });
  return changed;
}

void Operands::overwrite(int output, std::size_t offset, std::span<const std::byte> bytes) {
  device_->upload(static_cast<std::byte*>(outputs_.at(output).get()) + offset, bytes.data(),
                  bytes.size());
}

std::vector<std::byte> Operands::download(int output) const {
  std::vector<std::byte> bytes;
  download(output, bytes);
  return bytes;
}

void Operands::download(int output, std::vector<std::byte>& bytes) const {
  bytes.resize(output_size_);
  device_->download(bytes.data(), outputs_.at(output).get(), bytes.size());
}

std::uint64_t Operands::bytes(const Problem& shape, int outputs) {
  const auto most = std::numeric_limits<std::uint64_t>::max();
  if (input_bytes(shape) == most) return most;
  std::uint64_t in = 0;
  for_each_operand(shape, [&](const Operand& o, const auto&) {
    if (o.role == Role::input) in += guarded(size_in_bytes(o));
  });
  if (output_bytes(shape) == most) return most;
  const std::uint64_t out = outputs_bytes(shape) + kGuardBytes;
  const auto count = static_cast<std::uint64_t>(outputs);
  return out > (most - in) / (count ? count : 1) ? most : in + count * out;
}

}  // namespace moat
