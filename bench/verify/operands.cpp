// SPDX-License-Identifier: Apache-2.0
#include "bench/verify/operands.hpp"

#include <cstring>
#include <limits>
#include <new>

#include "bench/cases/case.hpp"
#include "bench/cases/overloaded.hpp"
#include "bench/verify/fill.hpp"
#include "bench/verify/random.hpp"

namespace moat {
namespace {

constexpr std::align_val_t kAlignment{256};

// Calls f(pointer, elements) for the pointer to each input of the problem, in a fixed order.
template <class P, class F>
void for_each_input(P& problem, F&& f) {
  std::visit(Overloaded{
                 [&](GemmProblem& p) {
                   const bool bt = p.order_b == Order::transposed;
                   const auto extent = [](std::int64_t rows, std::int64_t cols, std::int64_t ld) {
                     return (rows - 1) * (ld ? ld : cols) + cols;
                   };
                   f(p.a, extent(p.m, p.k, p.lda));
                   f(p.b, extent(bt ? p.n : p.k, bt ? p.k : p.n, p.ldb));
                 },
                 [&](AttentionProblem& p) {
                   const std::int64_t rows = std::int64_t{p.batch} * p.head_dim;
                   f(p.q, rows * p.q_len * p.q_heads);
                   f(p.k, rows * p.kv_len * p.kv_heads);
                   f(p.v, rows * p.kv_len * p.kv_heads);
                 },
                 [&](ReductionProblem& p) { f(p.x, p.n); },
                 [&](RowsProblem& p) {
                   f(p.x, std::int64_t{p.rows} * p.cols);
                   if (p.op == RowsOp::rms_norm) f(p.weight, std::int64_t{p.cols});
                 },
                 [](auto&) { throw CaseError("this problem has no operands to make"); },
             },
             problem);
}

void set_output(Problem& problem, void* output) {
  std::visit(Overloaded{
                 [&](GemmProblem& p) { p.c = output; },
                 [&](AttentionProblem& p) { p.o = output; },
                 [&](ReductionProblem& p) { p.result = output; },
                 [&](RowsProblem& p) { p.y = output; },
                 [](auto&) {},
             },
             problem);
}

}  // namespace

void Inputs::Free::operator()(void* p) const noexcept { ::operator delete(p, kAlignment); }

Inputs::Inputs(const Problem& shape, std::uint64_t seed, int first_kind) : problem_(shape) {
  set_output(problem_, nullptr);
  std::uint64_t stream = 0;
  for_each_input(problem_, [&](const void*& data, std::int64_t count) {
    data = make(dtype(shape), count, stream_seed(seed, stream++));
  });
  std::visit(
      Overloaded{[&](const RowsProblem& p) { fill(p, stream_seed(seed, stream), first_kind); },
                 [&](const AttentionProblem& p) { fill(p, stream_seed(seed, stream), first_kind); },
                 [&](const auto& p) { fill(p, stream_seed(seed, stream)); },
                 [](const CeilingProblem&) {}},
      problem_);
}

Inputs::Inputs(const Inputs& own, const Inputs& other, std::uint64_t seed)
    : problem_(own.problem_) {
  constexpr std::size_t kParts = 8;
  std::vector<const std::byte*> others;
  Problem of_other = other.problem_;
  for_each_input(of_other, [&](const void*& data, std::int64_t) {
    others.push_back(static_cast<const std::byte*>(data));
  });
  const std::size_t size = size_of(dtype(problem_));
  for_each_input(problem_, [&](const void*& data, std::int64_t count) {
    const std::size_t input = buffers_.size();
    const auto elements = static_cast<std::size_t>(count);
    buffers_.emplace_back(::operator new(elements* size, kAlignment));
    auto* to = static_cast<std::byte*>(buffers_.back().get());
    std::memcpy(to, data, elements * size);
    const std::size_t length = ceil_div(elements, kParts);
    const std::size_t begin = random_bits(seed, input) % (elements - length + 1);
    std::memcpy(to + begin * size, others.at(input) + begin * size, length * size);
    data = to;
  });
}

void* Inputs::make(DType dtype, std::int64_t count, std::uint64_t seed) {
  buffers_.emplace_back(
      ::operator new(static_cast<std::size_t>(count) * size_of(dtype), kAlignment));
  void* data = buffers_.back().get();
  fill_uniform(data, dtype, count, seed);
  return data;
}

Operands::Operands(Device& device, const Inputs& inputs, int outputs)
    : device_(&device), output_size_(output_bytes(inputs.problem()) + kGuardBytes) {
  Problem problem = inputs.problem();
  for_each_input(problem, [&](const void*& data, std::int64_t count) {
    const std::size_t size = static_cast<std::size_t>(count) * size_of(dtype(inputs.problem()));
    inputs_.push_back(allocate(size));
    data = inputs_.back().get();
  });
  load(inputs);
  for (int i = 0; i < outputs; ++i) {
    outputs_.push_back(allocate(output_size_));
    set_output(problem, outputs_.back().get());
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
  const auto* gemm = std::get_if<GemmProblem>(&problems_.at(output));
  if (gemm != nullptr && gemm->ldc > gemm->n) return;
  device_->fill(outputs_.at(output).get(), kSoil, output_size_ - kGuardBytes);
}

void Operands::load(const Inputs& inputs) {
  Problem problem = inputs.problem();
  std::size_t next = 0;
  for_each_input(problem, [&](const void*& data, std::int64_t count) {
    const std::size_t size = static_cast<std::size_t>(count) * size_of(dtype(problem));
    device_->upload(inputs_.at(next++).get(), data, size);
  });
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
  const std::uint64_t in = input_bytes(shape);
  const std::uint64_t out = output_bytes(shape) + kGuardBytes;
  const auto most = std::numeric_limits<std::uint64_t>::max();
  const auto count = static_cast<std::uint64_t>(outputs);
  return out > (most - in) / (count ? count : 1) ? most : in + count * out;
}

}  // namespace moat
