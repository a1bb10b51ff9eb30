# SPDX-License-Identifier: Apache-2.0
"""What each addition changes in files that are there: (file, text that stands once in it, text in its
place). New files lie below problem/ and backend/, as in the repository."""

PROBLEM = [
    (
        "problems/problem.hpp",
        '#include "problems/attention.hpp"\n',
        '#include "problems/add.hpp"\n#include "problems/attention.hpp"\n',
    ),
    (
        "problems/problem.hpp",
        "  ROW(CeilingProblem __VA_OPT__(, ) __VA_ARGS__)",
        "  ROW(AddProblem __VA_OPT__(, ) __VA_ARGS__) \\\n"
        "  ROW(CeilingProblem __VA_OPT__(, ) __VA_ARGS__)",
    ),
    (
        "bench/cases/suites.cpp",
        '              "rmsnorm/bf16/r512c4096",\n',
        '              "rmsnorm/bf16/r512c4096",\n              "add/f32/r512c4096",\n',
    ),
    (
        "bench/cases/suites.cpp",
        '             "rmsnorm/{}/r7c1031",\n',
        '             "rmsnorm/{}/r7c1031",\n             "add/{}/r1c1",\n             "add/{}/r7c1031",\n',
    ),
    (
        "tests/bench/verify/mutations.txt",
        "# RMSNorm\n",
        "# Sum of two matrices\n"
        "mutation: add.twice-the-first\n"
        "file: kernels/add.hpp\n"
        "find: at.load(args.y + begin));\n"
        "replace: at.load(args.x + begin));\n"
        "quick: add add/f32/r64c100\n"
        "\n"
        "# RMSNorm\n",
    ),
]

# A type of 8 bits, with the numbers of E5M2: the upper byte of a binary16.
TYPE_ROW = [
    (
        "problems/dtype.hpp",
        "struct f16 {\n  std::uint16_t bits;\n};\n",
        "struct f16 {\n  std::uint16_t bits;\n};\n\nstruct toy8 {\n  std::uint8_t bits;\n};\n",
    ),
    (
        "problems/dtype.hpp",
        "  ROW(bf16, ::moat::bf16, 8, 0x1.fep127, 0x1p-126)\n",
        "  ROW(bf16, ::moat::bf16, 8, 0x1.fep127, 0x1p-126) \\\n"
        "  ROW(toy8, ::moat::toy8, 3, 0x1.cp15, 0x1p-17)\n",
    ),
]

# What the compiler names after it, file by file.
TYPE_NAMED = [
    (
        "problems/dtype.hpp",
        "template <class T>\nT from_float(float x);\n",
        """inline float to_float(toy8 x) { return to_float(f16{static_cast<std::uint16_t>(x.bits << 8)}); }

template <class T>
T from_float(float x);

template <>
inline toy8 from_float<toy8>(float x) {
  const auto u = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t magnitude = u & 0x7fffffffu;
  const auto pack = [u](std::uint32_t bits) {
    return toy8{static_cast<std::uint8_t>((u >> 24 & 0x80u) | bits)};
  };
  if (magnitude > 0x7f800000u) return pack(0x7eu);
  if (magnitude >= 0x47700000u) return pack(0x7cu);  // rounds to 65536 or more: infinity
  if (magnitude < 0x38800000u) {
    // Below 2^-14 the unit is 2^-16, that of floats from 128 on.
    const float shifted = std::bit_cast<float>(magnitude) + 128.0f;
    return pack(std::bit_cast<std::uint32_t>(shifted) - 0x43000000u);
  }
  return pack((magnitude - 0x38000000u + 0xfffffu + (magnitude >> 21 & 1u)) >> 21);
}
""",
    ),
    (
        "backends/cpu/convert.hpp",
        "template <>\nstruct StorageOf<bf16> {\n",
        "template <>\nstruct StorageOf<toy8> {\n  using type = std::uint8_t;\n};\n"
        "template <>\nstruct StorageOf<bf16> {\n",
    ),
    (
        "backends/cpu/convert.hpp",
        "    return hn::PromoteTo(D{}, hn::BitCast(hn::Rebind<hwy::float16_t, D>{}, stored));\n",
        """    return hn::PromoteTo(D{}, hn::BitCast(hn::Rebind<hwy::float16_t, D>{}, stored));
  } else if constexpr (std::is_same_v<T, toy8>) {
    const auto upper = hn::ShiftLeft<8>(hn::PromoteTo(BitsTag<D>{}, stored));
    return hn::PromoteTo(D{}, hn::BitCast(hn::Rebind<hwy::float16_t, D>{}, upper));
""",
    ),
    (
        "backends/cpu/convert.hpp",
        "    return hn::BitCast(BitsTag<D>{}, hn::DemoteTo(hn::Rebind<hwy::float16_t, D>{}, x));\n",
        """    return hn::BitCast(BitsTag<D>{}, hn::DemoteTo(hn::Rebind<hwy::float16_t, D>{}, x));
  } else if constexpr (std::is_same_v<T, toy8>) {
    const hn::RebindToUnsigned<D> bits;
    const auto all = [&](std::uint32_t v) { return hn::Set(bits, v); };
    const auto u = hn::BitCast(bits, x);
    const auto magnitude = hn::And(u, all(0x7fffffffu));
    const auto odd = hn::And(hn::ShiftRight<21>(magnitude), all(1));
    auto y = hn::ShiftRight<21>(
        hn::Add(hn::Sub(magnitude, all(0x38000000u)), hn::Add(odd, all(0xfffffu))));
    const auto shifted = hn::Add(hn::BitCast(D{}, magnitude), hn::Set(D{}, 128.0f));
    y = hn::IfThenElse(hn::Gt(all(0x38800000u), magnitude),
                       hn::Sub(hn::BitCast(bits, shifted), all(0x43000000u)), y);
    y = hn::IfThenElse(hn::Gt(magnitude, all(0x476fffffu)), all(0x7cu), y);
    y = hn::IfThenElse(hn::Gt(magnitude, all(0x7f800000u)), all(0x7eu), y);
    y = hn::Or(y, hn::And(hn::ShiftRight<24>(u), all(0x80u)));
    return hn::DemoteTo(hn::Rebind<std::uint8_t, D>{}, hn::BitCast(hn::RebindToSigned<D>{}, y));
""",
    ),
    (
        "bench/baselines/cudnn_attention.cpp",
        "    case DType::f32:\n      return Element::f32;\n",
        "    case DType::toy8:\n      break;\n    case DType::f32:\n      return Element::f32;\n",
    ),
    (
        "bench/baselines/onednn_api.hpp",
        "    case DType::bf16:\n      return dnnl::memory::data_type::bf16;\n",
        "    case DType::bf16:\n      return dnnl::memory::data_type::bf16;\n"
        "    case DType::toy8:\n      return dnnl::memory::data_type::undef;\n",
    ),
]

# A case of the suite that has every type, which a test asks for.
TYPE_LISTED = [
    (
        "bench/cases/suites.cpp",
        '              "gemm/bf16/m1024n1024k1024",\n',
        '              "gemm/bf16/m1024n1024k1024",\n              "gemm/toy8/m1024n1024k1024",\n',
    ),
]

# Its words, which kernels and the harness do not use.
BACKEND = [
    ("tests/conventions/vendor_words.py", '    "cuda hip rocm ', '    "toy cuda hip rocm '),
]

# What the compiler names after it, because its object files have a form of their own.
BACKEND_NAMED = [
    (
        "bench/codegen/report.cpp",
        '#include "bench/codegen/ptxas.hpp"\n',
        '#include "bench/codegen/ptxas.hpp"\n#include "bench/codegen/toy.hpp"\n',
    ),
    (
        "bench/codegen/report.cpp",
        "        case CodeFormat::fatbin:\n",
        """        case CodeFormat::symbols:
          for (const std::string& entry : toy_entries(bytes)) {
            if (auto e = start(compile, compile.family, entry)) finish(*std::move(e), report);
          }
          break;
        case CodeFormat::fatbin:
""",
    ),
]
