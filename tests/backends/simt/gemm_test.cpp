// SPDX-License-Identifier: Apache-2.0
#include "kernels/gemm.hpp"

#include "tests/backends/simt/emulated.hpp"

namespace moat::testing {
namespace {

class EmulatedGemm : public EmulatedTest {
 protected:
  void check(int m, int n, int k, std::int64_t pad_a = 0, std::int64_t pad_b = 0,
             std::int64_t pad_c = 0, Launch how = {}) {
    for (const Order order : {Order::row_major, Order::transposed}) {
      SCOPED_TRACE(::testing::Message() << m << " x " << n << " x " << k
                                        << (order == Order::transposed ? " transposed" : ""));
      GemmProblem p{.dtype = dtype(), .m = m, .n = n, .k = k, .order_b = order};
      p.lda = k + pad_a;
      p.ldb = (order == Order::transposed ? k : n) + pad_b;
      p.ldc = n + pad_c;
      expect_verified(p, how);
    }
  }
};

TEST_P(EmulatedGemm, SizeOneInEveryDimension) {
  check(1, 1, 1);
  check(1, 70, 19);
  check(70, 1, 19);
  check(70, 19, 1);
  check(1, 1, 131);
}

TEST_P(EmulatedGemm, EdgesInEveryDimension) {
  check(16, 64, 64);
  check(17, 67, 71);
  check(64, 64, 32);
  check(65, 127, 33);
  check(97, 101, 103);
}

TEST_P(EmulatedGemm, LeadingDimensions) {
  check(33, 65, 40, 8, 8, 8);  // wide accesses stay possible
  check(40, 72, 48, 1, 3, 5);  // and here they do not
  check(9, 64, 64, 4, 4, 2);
}

TEST_P(EmulatedGemm, OneBlockDoesAllTiles) { check(130, 150, 20, 0, 0, 0, {.max_blocks = 1}); }

// Every row begins at a multiple of 16 bytes, as copies of boxes want it: one tile of the largest
// schedule, less than one step of k, edges in all dimensions, and several tiles of one block, which
// go round the ring of stages from tile to tile. For one unit, two and the reference device, whose
// schedules differ.
TEST_P(EmulatedGemm, RowsOfWholeChunks) {
  for (const int units : {1, 2, 0}) {
    SCOPED_TRACE(::testing::Message() << units << " units");
    check(128, 256, 64, 0, 0, 0, {.units = units});
    check(17, 8, 8, 0, 0, 0, {.units = units});
    check(200, 264, 200, 0, 0, 0, {.units = units});
    check(260, 520, 200, 0, 0, 0, {.max_blocks = 1, .units = units});
    check(130, 264, 72, 8, 16, 1, {.units = units});
  }
}

// Many tiles choose the largest schedule, with several bands of rows.
TEST_P(EmulatedGemm, LargeTilesInBands) {
  check(128 * 17 + 3, 64 * 16 + 5, 9, 0, 0, 0, {.max_blocks = 7});
  check(128 * 13 + 3, 128 * 9 + 5, 37, 3, 3, 0, {.max_blocks = 5});
}

TEST_P(EmulatedGemm, OperandsAtOddAddresses) {
  // One element past the alignment of an allocation.
  const std::size_t size = size_of(dtype());
  std::vector<std::byte> memory(size * 3 * 4096);
  const auto at = [&](std::size_t element) { return memory.data() + element * size; };
  const GemmProblem shape{.dtype = dtype(), .m = 30, .n = 32, .k = 64};
  const Inputs inputs(shape, 2);
  auto p = std::get<GemmProblem>(inputs.problem());
  std::memcpy(at(1), p.a, size * 30 * 64);
  std::memcpy(at(4097), p.b, size * 64 * 32);
  p.a = at(1);
  p.b = at(4097);
  p.c = at(8193);
  solve(p);
  EXPECT_TRUE(Verifier(inputs).check({at(8193), size * 30 * 32}).passed);
}

// Where subnormal operands count as zero, on gfx90a, a bound that knows of it allows that; else
// they must be kept.
TEST_P(EmulatedGemm, SubnormalOperands) {
  const emulator::amd::FlushedSubnormals as_gfx90a;
  const GemmProblem shape{.dtype = dtype(), .m = 20, .n = 40, .k = 64};
  // 64 products of a subnormal and a number that makes them large enough to be missed.
  const bool f16_range = dtype() == DType::f16;
  const auto a = elements(20 * 64, [&](std::size_t) { return f16_range ? 0x1p-15f : 0x1p-130f; });
  const auto b = elements(64 * 40, [&](std::size_t) { return f16_range ? 1.0f : 0x1p20f; });
  std::vector<std::byte> c(outputs_bytes(shape));
  GemmProblem p = shape;
  p.a = a.data();
  p.b = b.data();
  p.c = c.data();
  solve(p);
  const auto passes = [&](bool flushes) {
    return Verifier(p, Data::any, {.flushes_subnormals = flushes}).check(c).passed;
  };
  const bool kept = std::string_view(GetParam().name) != "cdna" || dtype() == DType::f32;
  EXPECT_EQ(passes(false), kept);
  EXPECT_TRUE(passes(true));
}

INSTANTIATE_TEST_SUITE_P(Architectures, EmulatedGemm, all_architectures, architecture_name);

}  // namespace
}  // namespace moat::testing
