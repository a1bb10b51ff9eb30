// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include "backends/cpu/backend.hpp"
#include "kernels/gemm.hpp"
#include "kernels/monoids.hpp"

namespace moat::cpu {
namespace {

template <TileMode M>
struct Tiles {
  using Mode = M;
  static constexpr int m = 2 * kFullSliver;
  static constexpr int n = 64;
  static constexpr int k = 32;
  static constexpr bool kDynamic = true;
};
using PackedTiles = Tiles<Packed>;

float value(std::int64_t i) { return static_cast<float>((i * 7) % 11 - 5); }

// rows × cols elements with NaN between the rows.
template <class T>
struct Matrix {
  int rows, cols, stride;
  std::vector<T> values;

  Matrix(int r, int c, int pad) : rows(r), cols(c), stride(c + pad) {
    for (std::int64_t i = 0; i < std::int64_t{rows} * stride; ++i) {
      values.push_back(from_float<T>(i % stride < cols ? value(i) : std::nanf("")));
    }
  }
  Tensor<const T> tensor() const { return {values.data(), rows, cols, stride}; }
  float at(int r, int c) const { return to_float(values[std::int64_t{r} * stride + c]); }
};

template <class T>
class Workers : public ::testing::Test {};
using Types = ::testing::Types<float, f16, bf16>;
TYPED_TEST_SUITE(Workers, Types);

template <class S, class T, Order kOrder>
void check_gemm(Backend& backend, int m, int n, int k, int pad) {
  SCOPED_TRACE(::testing::Message() << m << " x " << n << " x " << k << ", pad " << pad);
  using B = Worker<S>;
  using Kernel = Gemm<T, kOrder>;
  constexpr bool kTransposed = kOrder == Order::transposed;
  const Matrix<T> a(m, k, pad);
  const Matrix<T> b(kTransposed ? n : k, kTransposed ? k : n, pad);
  const int stride = n + pad;
  std::vector<float> want(std::size_t(m) * stride, 99.0f);
  std::vector<T> c(want.size(), from_float<T>(99.0f));
  for (int r = 0; r < m; ++r) {
    for (int col = 0; col < n; ++col) {
      float sum = 0;
      for (int i = 0; i < k; ++i) sum += a.at(r, i) * (kTransposed ? b.at(col, i) : b.at(i, col));
      want[std::int64_t{r} * stride + col] = to_float(from_float<T>(sum));
    }
  }
  const auto to = backend.split_k<S>(Tensor<T>{c.data(), m, n, stride}, ceil_div(k, S::k));
  const typename Kernel::template Args<S, B> args{Kernel::template PanelA<S, B>::bind(a.tensor()),
                                                  Kernel::template PanelB<S, B>::bind(b.tensor()),
                                                  to};
  backend.launch<Kernel, S>(to.template parts<S::m, S::n>(), args);
  for (std::size_t i = 0; i < c.size(); ++i) ASSERT_EQ(to_float(c[i]), want[i]) << i;
}

// Several tiles, edges on all sides and odd strides; panels stay in memory from launch to launch,
// whose matrices may lie at the same addresses.
template <class S, class T>
void check_all() {
  for (const int threads : {1, 2, 3}) {
    Backend backend(threads);
    for (const int m : {1, kLanes + 1, S::m, 3 * S::m - 7}) {
      for (const int n : {1, 17, S::n, 2 * S::n + 9}) {
        for (const int k : {1, S::k, 3 * S::k + 5}) {
          check_gemm<S, T, Order::row_major>(backend, m, n, k, 3);
          check_gemm<S, T, Order::transposed>(backend, m, n, k, 1);
        }
      }
    }
  }
}

TYPED_TEST(Workers, ProductsOfKeptPanels) { check_all<PackedTiles, TypeParam>(); }
TYPED_TEST(Workers, ProductsOfStreamedPanels) { check_all<Tiles<Streamed>, TypeParam>(); }
TYPED_TEST(Workers, SwappedProducts) { check_all<Tiles<Swapped>, TypeParam>(); }
TYPED_TEST(Workers, ProductsInPlace) { check_all<Tiles<InPlace>, TypeParam>(); }

struct CountLoads {
  template <class S, class B>
  struct Args {
    Tensor<const float> a;
    std::vector<float>* seen;
  };

  // Between two visits the source changes, which only a panel that is packed anew shows.
  template <class S, class B>
  static void run(B& block, const Args<S, B>& args) {
    using Panel = typename B::template Left<float, S::m, S::k>;
    struct Stage {
      Panel a;
    };
    for (int visit = 0; visit < 2; ++visit) {
      block.template pipeline<Stage>(
          2,
          [&](auto& stage, int step) {
            block.load(stage.a, args.a, {.row = 0, .col = step * S::k});
          },
          [&](auto& stages) {
            stages.for_each([&](const auto& s) { args.seen->push_back(s.a.values[0]); });
          });
      const_cast<float*>(args.a.data)[0] += 1;
      const_cast<float*>(args.a.data)[S::k] += 1;
    }
  }
};

TEST(KeptPanels, AreReusedWithinALaunchOnly) {
  Backend backend(1);
  std::vector<float> a(2 * PackedTiles::k);
  a[0] = 10;
  a[PackedTiles::k] = 20;
  std::vector<float> seen;
  const CountLoads::Args<PackedTiles, Worker<PackedTiles>> args{
      {a.data(), 1, 2 * PackedTiles::k, 2 * PackedTiles::k}, &seen};
  backend.launch<CountLoads, PackedTiles>(1, args);
  EXPECT_EQ(seen, (std::vector<float>{10, 20, 10, 20}));
  seen.clear();
  backend.launch<CountLoads, PackedTiles>(1, args);
  EXPECT_EQ(seen, (std::vector<float>{12, 22, 12, 22}));
}

// Rows of which a part is overwritten after they were kept, in loops so long that rows pass the
// caches.
struct KeepParts {
  static constexpr int kCount = 256;
  static constexpr int kPart = 64;

  template <class S, class B>
  struct Args {
    float* row;
    int part;   // where the second one begins
    int items;  // of the loop
    std::vector<float>* seen;
  };

  template <class S, class B>
  static void run(B& block, const Args<S, B>& args) {
    block.items(args.items, [&](int) {
      if (!args.seen->empty()) return;
      block.keep(args.row, kCount, [](auto at) { return at.fill(1.0f); });
      block.keep(args.row + args.part, kPart, [](auto at) { return at.fill(-1.0f); });
      args.seen->push_back(
          Max::result(block.reduce(Max{}, static_cast<const float*>(args.row), kPart)));
      args.seen->push_back(
          Max::result(block.reduce(Max{}, static_cast<const float*>(args.row), kCount)));
      block.each(kCount, [&](auto at) {
        at.store(args.row + kCount, at.load(static_cast<const float*>(args.row)));
      });
    });
  }
};

TEST(KeptRows, AreReadAsTheyWereKeptLast) {
  // The short part passes the caches, or only the row does, or neither.
  for (const int items : {1 << 16, 1 << 13, 1}) {
    for (const int part : {0, 64, 192}) {
      Backend backend(1);
      std::vector<float> rows(2 * KeepParts::kCount + 16);
      auto* row =
          reinterpret_cast<float*>((reinterpret_cast<std::uintptr_t>(rows.data()) + 63) / 64 * 64);
      std::vector<float> seen;
      backend.launch<KeepParts, Streaming>(
          items, KeepParts::Args<Streaming, Worker<Streaming>>{row, part, items, &seen});
      EXPECT_EQ(seen, (std::vector<float>{part == 0 ? -1.0f : 1.0f, 1.0f})) << items << ' ' << part;
      for (int i = 0; i < KeepParts::kCount; ++i) {
        const float want = i >= part && i < part + KeepParts::kPart ? -1.0f : 1.0f;
        ASSERT_EQ(row[i], want) << items << ' ' << part << ' ' << i;
        ASSERT_EQ(row[KeepParts::kCount + i], want) << items << ' ' << part << ' ' << i;
      }
    }
  }
}

struct Throw {
  template <class S, class B>
  struct Args {
    int item;
  };
  template <class S, class B>
  static void run(B& block, const Args<S, B>& args) {
    block.items(64, [&](int i) {
      if (i == args.item) throw std::runtime_error("item failed");
    });
  }
};

TEST(Launches, ThrowWhatAWorkerThrew) {
  for (const int threads : {1, 2, 4}) {
    Backend backend(threads);
    for (const int item : {0, 31, 63}) {
      const Throw::Args<PackedTiles, Worker<PackedTiles>> args{item};
      EXPECT_THROW((backend.launch<Throw, PackedTiles>(64, args)), std::runtime_error);
    }
    EXPECT_NO_THROW((
        backend.launch<Throw, PackedTiles>(64, Throw::Args<PackedTiles, Worker<PackedTiles>>{-1})));
    check_gemm<Tiles<Streamed>, float, Order::row_major>(backend, 100, 100, 100, 0);
  }
}

struct TooLarge : PackedTiles {
  static constexpr int m = 64 * kFullSliver;
  static constexpr int n = 1 << 14;
};
static_assert(sizeof(float) * TooLarge::m * TooLarge::n > kScratchBytes);

struct TakeTooMuch {
  template <class S, class B>
  struct Args {};
  template <class S, class B>
  static void run(B& block, const Args<S, B>& /*args*/) {
    auto acc = block.template zeros<S::m, S::n>();
    acc.clear();
  }
};

TEST(Launches, TilesBeyondTheScratchMemoryAreRefused) {
  Backend backend(2);
  EXPECT_THROW(
      (backend.launch<TakeTooMuch, TooLarge>(2, TakeTooMuch::Args<TooLarge, Worker<TooLarge>>{})),
      std::bad_alloc);
  check_gemm<PackedTiles, float, Order::row_major>(backend, 100, 100, 100, 0);
}

}  // namespace
}  // namespace moat::cpu
