// SPDX-License-Identifier: Apache-2.0
// What a device reaches at best: chains of FMAs in registers, products of panels in fast memory, a
// vector that is read, a vector that is copied.
#pragma once

#include "backends/vocabulary/block.hpp"
#include "backends/vocabulary/target.hpp"
#include "kernels/gemm.hpp"
#include "kernels/reduction.hpp"
#include "problems/ceiling.hpp"

namespace moat {

struct FmaChains {
  // Whole vectors of a CPU, and four rounds of 32 lanes with 8 elements each.
  static constexpr int kItem = 1024;

  template <class S, class B>
  struct Args {
    const float* x;
    float* y;
    std::int64_t n;
    int items, repeats;
    float factor, term;
  };

  template <StreamSchedule S, StreamBlock B>
  static MOAT_FN void run(B& block, const Args<S, B>& args) {
    constexpr int kAtOnce = S::chains;
    static_assert(kChains % kAtOnce == 0);
    block.items(args.items, [&](int item) {
      const std::int64_t begin = std::int64_t{item} * kItem;
      const auto count = static_cast<int>(B::min(std::int64_t{kItem}, args.n - begin));
      block.each(count, [&](auto at) {
        const auto x = at.load(args.x + begin);
        const auto factor = at.fill(args.factor);
        const auto term = at.fill(args.term);
        auto sum = at.fill(0.0f);
        for (int first = 0; first < kChains; first += kAtOnce) {
          decltype(at.fill(0.0f)) values[kAtOnce];
          for (int c = 0; c < kAtOnce; ++c) {
            values[c] = x + at.fill(static_cast<float>(first + c));
          }
          for (int i = 0; i < args.repeats; ++i) {
            for (int c = 0; c < kAtOnce; ++c) values[c] = values[c] * factor + term;
          }
          for (int c = 0; c < kAtOnce; ++c) sum = sum + values[c];
        }
        at.store(args.y + begin, sum);
      });
    });
  }
};

// GEMM whose every step is multiplied `repeats` times, so that loads weigh little.
template <class T>
struct ResidentProducts {
  template <class S, class B>
  using PanelA = typename B::template Left<T, S::m, S::k>;
  template <class S, class B>
  using PanelB = typename B::template Right<T, S::k, S::n, Order::row_major>;

  template <class S, class B>
  struct Stage {
    PanelA<S, B> a;
    PanelB<S, B> b;
  };

  template <class S, class B>
  struct Args {
    typename PanelA<S, B>::Source a;
    typename PanelB<S, B>::Source b;
    Tensor<T> c;
    int k, repeats;
  };

  template <ProductSchedule S, ProductBlock<S, T, Order::row_major> B>
  static MOAT_FN void run(B& block, const Args<S, B>& args) {
    block.template tiles<S::m, S::n>(args.c.rows, args.c.cols, [&](int row, int col) {
      block.template pipeline<Stage<S, B>>(
          ceil_div(args.k, S::k),
          [&](auto& stage, int step) {
            block.load(stage.a, args.a, {.row = row, .col = step * S::k});
            block.load(stage.b, args.b, {.row = step * S::k, .col = col});
          },
          [&](auto& stages) {
            auto acc = block.template zeros<S::m, S::n>();
            stages.for_each([&](const auto& stage) {
              for (int i = 0; i < args.repeats; ++i) block.mma(acc, stage.a, stage.b);
            });
            block.store(args.c, {.row = row, .col = col}, acc);
          });
    });
  }
};

struct CopyParts {
  template <class S, class B>
  struct Args {
    const float* x;
    float* y;
    std::int64_t n;
    int parts;
  };

  template <class S, StreamBlock B>
  static MOAT_FN void run(B& block, const Args<S, B>& args) {
    block.items(args.parts, [&](int part) {
      const std::int64_t begin = std::int64_t{part} * kCeilingPart;
      const auto count = static_cast<int>(B::min(std::int64_t{kCeilingPart}, args.n - begin));
      block.each(count, [&](auto at) { at.store(args.y + begin, at.load(args.x + begin)); });
    });
  }
};

template <RowsTarget<float> Backend>
void launch_fma_chains(Backend& backend, const CeilingProblem& p) {
  using Kernel = FmaChains;
  backend.schedules().template rows<float>(Kernel::kItem, [&]<StreamSchedule S>(Type<S>) {
    using B = typename Backend::template Block<S>;
    const auto items = static_cast<int>(ceil_div(p.n, std::int64_t{Kernel::kItem}));
    backend.template launch<Kernel, S>(
        items, typename Kernel::template Args<S, B>{static_cast<const float*>(p.x),
                                                    static_cast<float*>(p.y), p.n, items, p.repeats,
                                                    kChainFactor, kChainTerm});
  });
}

template <class T, GemmTarget<T> Backend>
void launch_resident_products(Backend& backend, const CeilingProblem& p) {
  using Kernel = ResidentProducts<T>;
  const auto n = static_cast<int>(p.n);
  const GemmProblem product{
      .dtype = p.dtype, .m = p.m, .n = n, .k = p.k, .a = p.x, .b = p.w, .c = p.y};
  backend.schedules().template gemm<T>(product, [&]<ProductSchedule S>(Type<S>) {
    using B = typename Backend::template Block<S>;
    const Tensor<const T> a{static_cast<const T*>(p.x), p.m, p.k, p.k};
    const Tensor<const T> b{static_cast<const T*>(p.w), p.k, n, n};
    backend.template launch<Kernel, S>(
        std::int64_t{ceil_div(p.m, S::m)} * ceil_div(n, S::n),
        typename Kernel::template Args<S, B>{
            Kernel::template PanelA<S, B>::bind(a), Kernel::template PanelB<S, B>::bind(b),
            Tensor<T>{static_cast<T*>(p.y), p.m, n, n}, p.k, p.repeats});
  });
}

template <RowsTarget<float> Backend>
void launch_copy(Backend& backend, const CeilingProblem& p) {
  using Kernel = CopyParts;
  const auto parts = static_cast<int>(ceil_div(p.n, std::int64_t{kCeilingPart}));
  backend.schedules().template rows<float>(kCeilingPart, [&]<class S>(Type<S>) {
    using B = typename Backend::template Block<S>;
    backend.template launch<Kernel, S>(
        parts, typename Kernel::template Args<S, B>{static_cast<const float*>(p.x),
                                                    static_cast<float*>(p.y), p.n, parts});
  });
}

template <class Backend>
void launch(Backend& backend, const CeilingProblem& p) {
  switch (p.kind) {
    case CeilingKind::fma:
      return launch_fma_chains(backend, p);
    case CeilingKind::mma:
      return with_dtype(p.dtype,
                        [&]<class T>(Type<T>) { launch_resident_products<T>(backend, p); });
    case CeilingKind::read:
      return launch_reduction<float, Sum>(backend,
                                          {.dtype = DType::f32, .n = p.n, .x = p.x, .result = p.y});
    case CeilingKind::copy:
      return launch_copy(backend, p);
  }
}

}  // namespace moat
