// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "bench/codegen/gate.hpp"

namespace moat::codegen {
namespace {

// Programs of kernels/ that multiply in the tile layer's matrix atoms: the gate misses one that is
// compiled and not named.
const std::vector<std::string> kProducts = {"gemm", "grouped_gemm", "attention",
                                            "resident_products"};
// Those whose steps are counted before the first one.
const std::vector<std::string> kCounted = {"gemm", "attention", "resident_products"};
// Likewise, but its loads look up where rows lie.
const std::vector<std::string> kPaged = {"paged_attention"};
// What a step of a pipeline brings: a panel of each operand.
constexpr int kOperands = 2;
// Those whose f32 is split into parts of TF32: sums of split products are no operands.
const std::vector<std::string> kSplit = {"gemm", "grouped_gemm", "resident_products"};

// In the names of those whose weights are decoded on their way, and of those whose keys are.
const char* const kDecoded = "7GroupedI";
const char* const kCodedKeys = "8CodedKey";

Promise sm_80_products(const char* family, const char* dtype) {
  return {.family = family,
          .dtype = dtype,
          .kernels = kProducts,
          .type = "TileSchedule",
          .without = kDecoded,
          .instructions = {std::string("mma.sync.aligned.m16n8k16.row.col.f32.") + dtype + "." +
                           dtype + ".f32"},
          .async_copies = kOperands};
}

// f32 products in plain FMAs have the same ring of stages.
Promise sm_80_pipelines(const char* family) {
  return {.family = family,
          .dtype = "f32",
          .kernels = {"gemm", "grouped_gemm", "attention"},
          .type = "TileSchedule",
          .async_copies = kOperands};
}

// Everything that warpgroups read comes through the tensor memory accelerator. The widths are those
// of the tiles of gemm (256), attention's weights (128) and its head dimensions (64, 128).
Promise sm_90a_products(const char* dtype) {
  const std::string types = std::string("k16.f32.") + dtype + "." + dtype;
  const std::string m64 = "wgmma.mma_async.sync.aligned.m64";
  return {.family = "sm_90a",
          .dtype = dtype,
          .kernels = {"attention", "resident_products"},
          .type = "WarpSpecializedSchedule",
          .instructions = {m64 + "n256" + types, m64 + "n128" + types, m64 + "n64" + types},
          .box_copies = kOperands,
          .only_box_copies = true};
}

// Blocks may share the sums of a tile.
Promise sm_90a_shared(Promise products) {
  products.kernels = {"gemm"};
  products.shared_sums = true;
  return products;
}

// Where groups of rows end is read by all.
Promise sm_90a_groups(Promise products) {
  products.kernels = {"grouped_gemm"};
  products.only_box_copies = false;
  return products;
}

// Codes are multiplied as they are; their scales come beside the boxes. The widths are those of the
// tiles.
Promise sm_90a_codes(const char* dtype) {
  const std::string m64 = "wgmma.mma_async.sync.aligned.m64";
  const std::string codes = "k32.f32.e4m3.e4m3";
  return {.family = "sm_90a",
          .dtype = dtype,
          .kernels = {"scaled_gemm"},
          .type = "WarpSpecializedSchedule",
          .instructions = {m64 + "n128" + codes, m64 + "n64" + codes},
          .box_copies = kOperands};
}

Promise split_products(const char* family) {
  return {.family = family,
          .dtype = "f32",
          .kernels = kSplit,
          .type = "SplitF32",
          .instructions = {"mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32"},
          .async_copies = kOperands};
}

// LLVM spells gfx90a's without the last underscore.
Promise cdna_products(const char* dtype, const std::string& shape) {
  return {.family = "cdna",
          .dtype = dtype,
          .kernels = kCounted,
          .without = kDecoded,
          .instructions = {"v_mfma_f32_" + shape + "_" + dtype, "v_mfma_f32_" + shape + dtype},
          .ranged_loads = kOperands,
          .loads_ahead = kOperands};
}

Promise rdna3_products(const char* dtype) {
  return {.family = "rdna3",
          .dtype = dtype,
          .kernels = kCounted,
          .without = kDecoded,
          .instructions = {std::string("v_wmma_f32_16x16x16_") + dtype},
          .ranged_loads = kOperands,
          .loads_ahead = kOperands};
}

// f32 has no matrix instruction there.
Promise rdna3_pipelines() {
  return {.family = "rdna3", .dtype = "f32", .kernels = kCounted, .ranged_loads = kOperands};
}

// Weights in codes pass through registers, in whole chunks; the other operand is copied as that of
// `products` is. CDNA's tiles of few rows branch between their loads and the products, where the
// count of loads ahead ends.
Promise weights(Promise products) {
  products.kernels = {"gemm"};
  products.type = std::exchange(products.without, {});
  products.wide_loads = std::min(products.async_copies, 1);
  products.async_copies = std::min(products.async_copies, 1);
  products.loads_ahead = 0;
  return products;
}

// Of groups of rows. Where masked ones lie is read at a group's beginning, and the count of loads
// ahead is not kept across that.
Promise contiguous_groups(Promise products) {
  products.kernels = {"grouped_gemm"};
  products.without = "6Masked";
  return products;
}
Promise masked_groups(Promise products) {
  products.kernels = {"grouped_gemm"};
  products.type = "6Masked";
  products.without = {};
  products.loads_ahead = 0;
  return products;
}

// Keys and values are looked up and copied in whole chunks, of rows that lie anywhere.
Promise paged(Promise products) {
  products.kernels = kPaged;
  products.without = kCodedKeys;
  products.wide_loads = std::exchange(products.ranged_loads, 0);
  products.loads_ahead = 0;
  return products;
}

// Those of codes pass through registers, and queries alone are copied as others are.
Promise coded_pages(Promise products) {
  products = paged(std::move(products));
  products.type = std::exchange(products.without, {});
  products.wide_loads = kOperands;
  products.async_copies = std::min(products.async_copies, 1);
  return products;
}

// A tile of keys meets all heads in one step or two: none of the next tile is under way then.
Promise indexer(Promise products) {
  products.kernels = {"indexer"};
  products.without = {};
  products.loads_ahead = 0;
  return products;
}

// Both operands are codes.
Promise scaled(Promise products) {
  products.kernels = {"scaled_gemm"};
  products.without = {};
  products.wide_loads = std::exchange(products.async_copies, 0);
  return products;
}

// Sums leave the registers in whole chunks. Tiles of few rows have waves too narrow for that, of
// which some have 128 as their step.
Promise epilogues() {
  std::vector<std::string> kernels = kProducts;
  kernels.emplace_back("scaled_gemm");
  return {.family = "",
          .dtype = "",
          .kernels = std::move(kernels),
          .type = "Li128ELi",
          .without = "Li16ELi64ELi128E",
          .wide_stores = 1};
}

// Elements move in whole chunks: what is read of both inputs and, for two results, written. A chunk
// of codes is less than 16 bytes.
Promise pieces(std::vector<std::string> kernels, int loads, int stores, std::string type = {},
               std::string without = {}) {
  return {.family = "",
          .dtype = "",
          .kernels = std::move(kernels),
          .type = std::move(type),
          .without = std::move(without),
          .wide_loads = loads,
          .wide_stores = stores};
}

// Several loads in flight: the loops over memory are unrolled at least four times.
Promise streams() {
  return {.family = "",
          .dtype = "",
          .kernels = {"reduction", "rms_norm", "softmax", "softmax_parts"},
          .wide_loads = 4};
}

// While the values of a step are multiplied, the weights of the next one are computed.
Promise overlap(const char* dtype) {
  return {.family = "sm_90a",
          .dtype = dtype,
          .kernels = {"attention"},
          .type = "WarpSpecializedSchedule",
          .hidden_exponentials = true};
}

Promise plain_exponentials(const char* family) {
  return {.family = family,
          .dtype = "",
          .kernels = {"attention", "paged_attention", "attention_combine", "softmax",
                      "softmax_parts", "softmax_of_parts"},
          .plain_exponentials = true};
}

std::vector<Promise> make_promises() {
  std::vector<Promise> all = {
      cdna_products("bf16", "16x16x16"),
      cdna_products("f16", "16x16x16"),
      cdna_products("f32", "16x16x4"),
      rdna3_products("bf16"),
      rdna3_products("f16"),
      rdna3_pipelines(),
      sm_80_products("sm_80", "bf16"),
      sm_80_products("sm_80", "f16"),
      split_products("sm_80"),
      sm_80_pipelines("sm_80"),
      sm_80_products("sm_90a", "bf16"),
      sm_80_products("sm_90a", "f16"),
      split_products("sm_90a"),
      sm_80_pipelines("sm_90a"),
      sm_90a_products("bf16"),
      sm_90a_products("f16"),
      sm_90a_shared(sm_90a_products("bf16")),
      sm_90a_shared(sm_90a_products("f16")),
      sm_90a_groups(sm_90a_products("bf16")),
      sm_90a_groups(sm_90a_products("f16")),
      sm_90a_codes("bf16"),
      sm_90a_codes("f16"),
      epilogues(),
      streams(),
      pieces({"add_norm", "rope"}, 4, 2, "", "QuantisedRow"),
      pieces({"add_norm"}, 4, 1, "QuantisedRow"),
      pieces({"swiglu"}, 2, 1),
      overlap("bf16"),
      overlap("f16"),
      plain_exponentials("sm_80"),
      plain_exponentials("sm_90a"),
  };
  for (const Promise& products :
       {cdna_products("bf16", "16x16x16"), cdna_products("f16", "16x16x16"),
        cdna_products("f32", "16x16x4"), rdna3_products("bf16"), rdna3_products("f16"),
        rdna3_pipelines()}) {
    all.push_back(contiguous_groups(products));
    all.push_back(masked_groups(products));
  }
  for (const char* dtype : {"bf16", "f16"}) {
    for (const Promise& products :
         {cdna_products(dtype, "16x16x16"), rdna3_products(dtype), sm_80_products("sm_80", dtype),
          sm_80_products("sm_90a", dtype)}) {
      all.push_back(weights(products));
      all.push_back(scaled(products));
      all.push_back(paged(products));
      if (products.dtype == "bf16") all.push_back(coded_pages(products));
      all.push_back(indexer(products));
    }
  }
  return all;
}

}  // namespace

const std::vector<Spilling>& spilling() {
  static const std::vector<Spilling> all = {
      {"sm_80", "sample", "f32", "", "64 registers hold no more of what was taken"},
      {"sm_90a", "sample", "f32", "", "64 registers hold no more of what was taken"},
      {"sm_90a", "gather", "f16", "", "64 registers hold no more of four rows' places"},
  };
  return all;
}

const std::vector<Promise>& promises() {
  static const std::vector<Promise> all = make_promises();
  return all;
}

}  // namespace moat::codegen
