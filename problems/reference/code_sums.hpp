// SPDX-License-Identifier: Apache-2.0
// What is lost where matrix instructions add up products of e4m3 codes in fewer bits than f32 has.
// Pointers of the problem are the host's.
//
// An instruction adds 32 products and the running sum c, which is 0 where a block of 128 begins.
// With e the largest exponent of all of them and f bits behind the point, each is truncated toward
// 0 to a multiple of 2^(e − f); these are added exactly, and the sum is truncated toward 0 to f
// bits behind its own point (Xie et al., "MMA-Sim", 2025, arXiv:2511.10909; about 14 bits:
// DeepSeek-AI, "DeepSeek-V3", 2024, arXiv:2412.19437, section 3.3.2). The exponent of a product is
// the sum of its factors', and that of a subnormal number or 0 is −6.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "problems/codes.hpp"
#include "problems/reference/bound.hpp"
#include "problems/scaled_gemm.hpp"

namespace moat::reference {

// Products that an instruction adds.
inline constexpr int kCodeStep = 32;

// Bits behind the point of a product, 2 · 3: one whose exponent is e − (f − 6) or more loses
// nothing.
inline constexpr int kProductBits = 2 * e4m3::kMantissa;

// What the instructions of an element lose, each truncation ε times its scales.
struct CodeLoss {
  double products = 0;          // Σε over the products
  double squared_products = 0;  // Σε²
  double sums = 0;              // Σ over blocks of D, the Σε of its running sums and sums
  double squared_sums = 0;      // ΣD²
};

// How far all of that moves an element. Truncation toward 0 makes an error of the sign of what is
// truncated, so that of random signs:
// - those of products have independent signs: part 2 of bound.hpp;
// - those of running sums may be alike within a block. If all of its products change their signs,
//   its D does, too: blocks are independent.
inline double code_loss_bound(const CodeLoss& loss, Data data) {
  const double worst = loss.products + loss.sums;
  if (data == Data::any) return worst;
  return std::min(loss.products, kLambda * std::sqrt(loss.squared_products)) +
         std::min(loss.sums, kLambda * std::sqrt(loss.squared_sums));
}

namespace detail {

// Of each code its number and, from 0 on, its exponent; `counted` is larger than all exponents
// where the number is 0, which loses nothing.
struct CodeTables {
  std::array<double, 256> number{};
  std::array<std::uint8_t, 256> exponent{};
  std::array<std::uint8_t, 256> counted{};
};

inline constexpr std::uint8_t kNeverTruncated = 100;
inline constexpr int kLeastExponent = 1 - e4m3::kBias;

inline const CodeTables& code_tables() {
  static const CodeTables tables = [] {
    CodeTables made;
    for (int i = 0; i < 256; ++i) {
      const int biased = i >> e4m3::kMantissa & 15;
      made.number[i] = decode(e4m3{static_cast<std::uint8_t>(i)});
      made.exponent[i] = static_cast<std::uint8_t>(std::max(biased, 1) - 1);
      made.counted[i] = made.number[i] == 0 ? kNeverTruncated : made.exponent[i];
    }
    return made;
  }();
  return tables;
}

inline constexpr int kCodeCols = 32;

// The codes of 128 steps of k of 32 columns, by steps.
struct CodePanel {
  std::array<double, kPerScale * kCodeCols> number;
  std::array<std::uint8_t, kPerScale * kCodeCols> exponent;
  std::array<std::uint8_t, kPerScale * kCodeCols> counted;
};

// The exponent of x ≥ 0 in f32 with its bias, and 2^(exponent − shift), 0 of what is too small.
inline std::int32_t biased_exponent(float x) { return std::bit_cast<std::int32_t>(x) >> 23; }
inline float power(std::int32_t biased, int shift) {
  return std::bit_cast<float>((biased > shift ? biased - shift : 0) << 23);
}

// Adds what a block of one row (`a`: codes of `steps` steps) and 32 columns loses. How far the
// running sum is off already counts where its exponent does.
inline void add_block(const std::uint8_t* a, int steps, const CodePanel& b, int bits,
                      double a_scale, const double* b_scales, CodeLoss* loss) {
  const CodeTables& of = code_tables();
  // What turns an exponent from 0 on into one of f32.
  constexpr int kBias = 127 + 2 * kLeastExponent;
  std::array<double, kCodeCols> sum{};
  std::array<float, kCodeCols> off{};  // of the running sum
  std::array<float, kCodeCols> products{};
  std::array<float, kCodeCols> squares{};
  std::array<float, kCodeCols> sums{};
  for (int first = 0; first < steps; first += kCodeStep) {
    const int end = std::min(first + kCodeStep, steps);
    std::array<float, kCodeCols> before{};
    std::array<std::uint8_t, kCodeCols> top{};
    std::array<std::int32_t, kCodeCols> e{};
    std::array<std::uint8_t, kCodeCols> limit{};
    std::array<std::uint8_t, kCodeCols> truncated{};
    for (int j = 0; j < kCodeCols; ++j) before[j] = static_cast<float>(std::abs(sum[j]));
    for (int s = first; s < end; ++s) {
      const double x = of.number[a[s]];
      const std::uint8_t of_a = of.exponent[a[s]];
      const double* y = b.number.data() + s * kCodeCols;
      const std::uint8_t* of_b = b.exponent.data() + s * kCodeCols;
      for (int j = 0; j < kCodeCols; ++j) sum[j] += x * y[j];
      for (int j = 0; j < kCodeCols; ++j) {
        const auto exponent = static_cast<std::uint8_t>(of_a + of_b[j]);
        top[j] = top[j] < exponent ? exponent : top[j];
      }
    }
    for (int j = 0; j < kCodeCols; ++j) {
      // Float arithmetic rounds: 2⁻²⁰ more.
      const std::int32_t of_sum = biased_exponent((before[j] + off[j]) * (1 + 0x1p-20f));
      e[j] = std::max(of_sum, top[j] + kBias);
      const std::int32_t least = e[j] - (bits - kProductBits) - kBias;
      limit[j] = static_cast<std::uint8_t>(std::clamp(least, 0, int{kNeverTruncated}));
    }
    for (int s = first; s < end; ++s) {
      const std::uint8_t of_a = of.counted[a[s]];
      const std::uint8_t* of_b = b.counted.data() + s * kCodeCols;
      for (int j = 0; j < kCodeCols; ++j) {
        const auto exponent = static_cast<std::uint8_t>(of_a + of_b[j]);
        truncated[j] = static_cast<std::uint8_t>(truncated[j] + (exponent < limit[j] ? 1 : 0));
      }
    }
    for (int j = 0; j < kCodeCols; ++j) {
      const float unit = power(e[j], bits);
      const float of_products = static_cast<float>(truncated[j]) * unit;
      // A running sum that certainly has the largest exponent has no bits to lose.
      const float least = std::max(before[j] - off[j], 0.0f) * (1 - 0x1p-20f);
      const bool kept = first == 0 || biased_exponent(least) >= top[j] + kBias;
      const float of_running = kept ? 0 : unit;
      const float reach =
          (static_cast<float>(std::abs(sum[j])) + off[j] + of_products + of_running) *
          (1 + 0x1p-20f);
      const std::int32_t of_sum = biased_exponent(reach);
      const float of_last = of_sum > e[j] ? power(of_sum, bits) : 0;
      products[j] += of_products;
      squares[j] += of_products * unit;
      sums[j] += of_running + of_last;
      off[j] += of_products + of_running + of_last;
    }
  }
  for (int j = 0; j < kCodeCols; ++j) {
    const double scale = a_scale * b_scales[j];
    loss[j].products += scale * products[j];
    loss[j].squared_products += scale * scale * squares[j];
    loss[j].sums += scale * sums[j];
    loss[j].squared_sums += scale * scale * sums[j] * sums[j];
  }
}

}  // namespace detail

// How far the elements of C in the given rows and columns may be off, as the instructions add up
// with `bits` bits behind the point: rows.size() × cols.size(). The codes are e4m3.
inline std::vector<double> code_losses(const ScaledGemmProblem& p, std::span<const int> rows,
                                       std::span<const int> cols, int bits, Data data) {
  constexpr int kC = detail::kCodeCols;
  const auto* a = static_cast<const std::uint8_t*>(p.a);
  const auto* b = static_cast<const std::uint8_t*>(p.b);
  const detail::CodeTables& of = detail::code_tables();
  const std::int64_t blocks = ceil_div(p.k, kPerScale);
  std::vector<double> bounds(rows.size() * cols.size());
  std::vector<CodeLoss> loss(rows.size() * kC);
  const auto panel = std::make_unique<detail::CodePanel>();
  with_scale(p.ue8m0, [&]<class Scale>(Type<Scale>) {
    const auto* a_scales = static_cast<const Scale*>(p.a_scales);
    const auto* b_scales = static_cast<const Scale*>(p.b_scales);
    for (std::size_t first = 0; first < cols.size(); first += kC) {
      const std::size_t width = std::min<std::size_t>(kC, cols.size() - first);
      std::ranges::fill(loss, CodeLoss{});
      for (std::int64_t block = 0; block < blocks; ++block) {
        const std::int64_t k = block * kPerScale;
        const int steps = static_cast<int>(std::min<std::int64_t>(kPerScale, p.k - k));
        std::array<double, kC> of_b{};
        for (std::size_t j = 0; j < kC; ++j) {
          const std::int64_t col = cols[first + std::min(j, width - 1)];
          of_b[j] = decode(b_scales[col / kPerScale * blocks + block]);
          for (int s = 0; s < steps; ++s) {
            const std::uint8_t code = b[col * p.k + k + s];
            const std::size_t at = static_cast<std::size_t>(s) * kC + j;
            panel->number[at] = of.number[code];
            panel->exponent[at] = of.exponent[code];
            panel->counted[at] = of.counted[code];
          }
        }
        for (std::size_t i = 0; i < rows.size(); ++i) {
          const std::int64_t row = rows[i];
          detail::add_block(a + row * p.k + k, steps, *panel, bits,
                            decode(a_scales[row * blocks + block]), of_b.data(),
                            loss.data() + i * kC);
        }
      }
      for (std::size_t i = 0; i < rows.size(); ++i) {
        for (std::size_t j = 0; j < width; ++j) {
          bounds[i * cols.size() + first + j] = code_loss_bound(loss[i * kC + j], data);
        }
      }
    }
  });
  return bounds;
}

// What a row or column loses at most, over many: sums of them with signs (bench/verify/verify.hpp)
// would not pay for every element. In an instruction no truncation is more than 2^-f · R with R the
// largest of its 2^e and |c|, before and after it.

// Of a block of 128 numbers x of a row or column, with its scale.
struct CodeBlock {
  double power = 0;   // the largest 2^exponent, squared
  double fourth = 0;  // sqrt(Σx⁴)
};

// The same block of many columns or rows, each with a weight w: Σw² · that, and its largest.
struct CodeBlocks {
  double power = 0;
  double fourth = 0;
  double largest = 0;  // of w² · fourth
  void add(const CodeBlock& block, double weight) {
    power += weight * weight * block.power;
    fourth += weight * weight * block.fourth;
    largest = std::max(largest, weight * weight * block.fourth);
  }
};

// Of each row of codes, by blocks; `together` rows share the scales of a row of them.
inline std::vector<CodeBlock> code_blocks(const ScaledGemmProblem& p, const void* codes,
                                          const void* scales, int rows, int together) {
  const detail::CodeTables& of = detail::code_tables();
  const int blocks = ceil_div(p.k, kPerScale);
  std::vector<CodeBlock> made(std::int64_t{rows} * blocks);
  with_scale(p.ue8m0, [&]<class Scale>(Type<Scale>) {
#pragma omp parallel for schedule(static)
    for (int row = 0; row < rows; ++row) {
      const auto* from = static_cast<const std::uint8_t*>(codes) + std::int64_t{row} * p.k;
      const auto* of_row =
          static_cast<const Scale*>(scales) + std::int64_t{row} / together * blocks;
      for (int block = 0; block < blocks; ++block) {
        std::uint8_t top = 0;
        double fourth = 0;
        for (int s = block * kPerScale; s < std::min(p.k, (block + 1) * kPerScale); ++s) {
          const double square = of.number[from[s]] * of.number[from[s]];
          top = std::max(top, of.exponent[from[s]]);
          fourth += square * square;
        }
        const double scale = decode(of_row[block]);
        made[std::int64_t{row} * blocks + block] = {
            .power = scale * scale * std::ldexp(1.0, 2 * (top + detail::kLeastExponent)),
            .fourth = scale * scale * std::sqrt(fourth)};
      }
    }
  });
  return made;
}

// How far Σ w · c over the elements of one row and many columns, or of one column and many rows,
// may be off, with w of random signs. Σw²R² over blocks is at most the sum of the powers and of
// the squared running sums. Those are at most Σ|x·y| ≤ sqrt(128 · Σx²y²), or of random signs, with
// V = Σ w²x²y² over all blocks and v of the largest of them, (√V + λ·√v)² together (Hsu, Kakade and
// Zhang 2012, theorem 2.1); Σx²y² ≤ sqrt(Σx⁴ · Σy⁴). A block has 128 products, and in four
// instructions three running sums and four sums to truncate. The running sums themselves are off by
// no more than that.
inline double code_loss_bound(std::span<const CodeBlock> one, std::span<const CodeBlocks> many,
                              int bits, Data data) {
  constexpr int kSums = 2 * (kPerScale / kCodeStep) - 1;
  double powers = 0;
  double variance = 0;
  double largest = 0;
  for (std::size_t block = 0; block < one.size(); ++block) {
    powers += one[block].power * many[block].power;
    variance += one[block].fourth * many[block].fourth;
    largest = std::max(largest, one[block].fourth * many[block].largest);
  }
  double running = kPerScale * variance;
  double truncations = (kPerScale + kSums) * std::sqrt(static_cast<double>(one.size()));
  if (data == Data::random_signs) {
    const double reach = std::sqrt(variance) + kLambda * std::sqrt(largest);
    running = std::min(running, reach * reach);
    truncations = std::sqrt(double{kPerScale}) + kSums;
  }
  const double unit = std::ldexp(1.0, -bits);
  return kLambda * truncations * unit * std::sqrt(powers + running) * (1 + 2 * kPerScale * unit);
}

}  // namespace moat::reference
