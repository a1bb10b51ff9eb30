// SPDX-License-Identifier: Apache-2.0
#include "bench/migration/diff/port_class.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <string>

namespace moat {
namespace {

using Names = std::span<const std::string_view>;

bool is_one_of(std::string_view text, Names names) {
  return std::ranges::find(names, text) != names.end();
}

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

// Names of the width of a warp: warpSize, WARP_SIZE, kWaveWidth, threads_per_warp, FULL_MASK.
bool names_warp_width(std::string_view identifier) {
  std::string plain;
  for (const char c : identifier) {
    if (c != '_') plain.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
  }
  const auto holds = [&](std::string_view part) { return plain.find(part) != std::string::npos; };
  if (holds("fullmask") || holds("lanemask")) return true;
  if (!holds("warp") && !holds("wave")) return false;
  constexpr std::array<std::string_view, 8> kWidths = {"size",    "width",   "mask", "perwarp",
                                                       "perwave", "threads", "len",  "shift"};
  return std::ranges::any_of(kWidths, holds);
}

// A literal of 32 lanes and the one of 64 lanes in its stead, or the other way round.
bool is_width_change(const EditedToken& from, const EditedToken& to) {
  std::uint64_t a = 0;
  std::uint64_t b = 0;
  if (from.kind != TokenKind::kNumber || to.kind != TokenKind::kNumber) return false;
  if (!integer_value(from.spelling, a) || !integer_value(to.spelling, b)) return false;
  if (a > b) std::swap(a, b);
  if ((a == 32 && b == 64) || (a == 31 && b == 63)) return true;
  if (a == 0xffffffffU && b == 0xffffffffffffffffU) return true;
  return a == 5 && b == 6 && from.place.shift_count && to.place.shift_count;
}

bool changes_warp_width(std::span<const EditedToken> removed, std::span<const EditedToken> added) {
  const auto named = [](const EditedToken& t) {
    return t.kind == TokenKind::kIdentifier && names_warp_width(t.spelling);
  };
  if (std::ranges::any_of(removed, named) || std::ranges::any_of(added, named)) return true;
  return std::ranges::any_of(removed, [&](const EditedToken& from) {
    return std::ranges::any_of(added,
                               [&](const EditedToken& to) { return is_width_change(from, to); });
  });
}

}  // namespace

std::string_view port_class_name(PortClass c) {
  constexpr std::array<std::string_view, kPortClassCount> kNames = {
      "include",   "guard",   "rename",        "launch",  "argument order", "warp width",
      "intrinsic", "library", "other by hand", "dropped", "new file"};
  return kNames.at(static_cast<std::size_t>(c));
}

bool integer_value(std::string_view literal, std::uint64_t& value) {
  std::string digits;
  for (const char c : literal) {
    if (c != '\'') digits.push_back(c);
  }
  int base = 10;
  std::string_view rest = digits;
  if (rest.starts_with("0x") || rest.starts_with("0X")) {
    base = 16;
  } else if (rest.starts_with("0b") || rest.starts_with("0B")) {
    base = 2;
  }
  if (base != 10) rest.remove_prefix(2);
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value, base);
  if (error != std::errc() || end == rest.data()) return false;
  return std::all_of(end, rest.data() + rest.size(), [](char c) {
    return c == 'u' || c == 'U' || c == 'l' || c == 'L' || c == 'z' || c == 'Z';
  });
}

bool is_launch_function(std::string_view identifier) {
  constexpr std::array<std::string_view, 19> kNames = {"hipLaunchKernelGGL",
                                                       "hipLaunchKernel",
                                                       "hipLaunchKernelExC",
                                                       "hipExtLaunchKernelGGL",
                                                       "hipModuleLaunchKernel",
                                                       "hipLaunchCooperativeKernel",
                                                       "cudaLaunchKernel",
                                                       "cudaLaunchKernelEx",
                                                       "cudaLaunchKernelExC",
                                                       "cudaLaunchCooperativeKernel",
                                                       "cuLaunchKernel",
                                                       "cuLaunchKernelEx",
                                                       "cuLaunchCooperativeKernel",
                                                       "musaLaunchKernel",
                                                       "muLaunchKernel",
                                                       "mcLaunchKernel",
                                                       "mcModuleLaunchKernel",
                                                       "cnrtInvokeKernel",
                                                       "ACLRT_LAUNCH_KERNEL"};
  return is_one_of(identifier, kNames);
}

bool is_launch_name(std::string_view identifier) {
  // These take the kernel as a lambda: only the name is the launch.
  constexpr std::array<std::string_view, 3> kNames = {"parallel_for", "single_task", "nd_range"};
  return is_launch_function(identifier) || is_one_of(identifier, kNames);
}

bool is_library_name(std::string_view identifier) {
  constexpr std::array<std::string_view, 57> kPrefixes = {
      "cublas",    "cudnn",     "cufft",     "curand",   "cusparse", "cusolver",   "cutensor",
      "nccl",      "nvrtc",     "nvml",      "npp",      "nvtx",     "nvToolsExt", "hipblas",
      "rocblas",   "miopen",    "hipfft",    "rocfft",   "hiprand",  "rocrand",    "hipsparse",
      "rocsparse", "hipsolver", "rocsolver", "rccl",     "hiprtc",   "roctx",      "hipdnn",
      "hiptensor", "mublas",    "mudnn",     "mufft",    "murand",   "musparse",   "musolver",
      "mccl",      "mcblas",    "mcdnn",     "mcfft",    "mcrand",   "mcsparse",   "mcsolver",
      "cnnl",      "cncl",      "aclnn",     "aclblas",  "CUBLAS_",  "CUDNN_",     "CUFFT_",
      "CUSPARSE_", "CUSOLVER_", "CURAND_",   "HIPBLAS_", "HIPFFT_",  "HIPSPARSE_", "HIPRAND_",
      "Hccl"};
  constexpr std::array<std::string_view, 10> kNamespaces = {
      "thrust", "cub", "cutlass", "cute", "hipcub", "rocprim", "rocthrust", "oneapi", "dpl", "mkl"};
  return is_one_of(identifier, kNamespaces) ||
         std::ranges::any_of(kPrefixes,
                             [&](std::string_view p) { return identifier.starts_with(p); });
}

bool is_intrinsic(std::string_view identifier) {
  if (identifier == "__asm__" || identifier == "asm" || identifier == "__asm") return true;
  if (identifier.starts_with("wmma") || identifier.starts_with("nvcuda")) return true;
  if (!identifier.starts_with("__") || identifier.size() < 3 || !is_lower(identifier[2])) {
    return false;
  }
  // Builtins of any C++ compiler, on a host too.
  if (identifier.starts_with("__builtin_") && !identifier.starts_with("__builtin_amdgcn_") &&
      !identifier.starts_with("__builtin_nvvm_")) {
    return false;
  }
  // __global__ and __restrict__ are keywords; so are some that end otherwise.
  if (identifier.ends_with("__")) return false;
  constexpr std::array<std::string_view, 12> kWords = {
      "__restrict", "__forceinline",  "__inline",       "__half",
      "__half2",    "__nv_bfloat16",  "__attribute",    "__declspec",
      "__volatile", "__nv_bfloat162", "__hip_bfloat16", "__host"};
  return !is_one_of(identifier, kWords);
}

std::vector<TokenPlace> token_places(const SourceText& source) {
  std::vector<TokenPlace> places(source.tokens.size());
  int assembly = 0;  // open parentheses since "asm", 0 outside
  int launch = 0;
  bool configuration = false;  // between <<< and >>>
  bool asm_ahead = false;
  bool launch_ahead = false;
  std::string_view before;
  for (std::size_t i = 0; i < source.tokens.size(); ++i) {
    const Token& token = source.tokens[i];
    const std::string_view text = source.spelling(token);
    if (token.kind == TokenKind::kIdentifier) {
      if (text == "asm" || text == "__asm__" || text == "__asm") asm_ahead = true;
      if (is_launch_function(text)) launch_ahead = true;
    } else if (text == "<<<") {
      configuration = true;
    } else if (text == ";") {
      asm_ahead = launch_ahead = configuration = false;
      assembly = launch = 0;
    }
    if (text == "(") {
      if (assembly > 0 || asm_ahead) ++assembly;
      if (launch > 0 || launch_ahead) ++launch;
      launch_ahead = false;
    }
    places[i].in_assembly = assembly > 0 || asm_ahead;
    places[i].in_launch = configuration || launch > 0;
    places[i].shift_count = before == "<<" || before == ">>" || before == "<<=" || before == ">=";
    if (before == ">" && i >= 2 && source.spelling(source.tokens[i - 2]) == ">" &&
        source.tokens[i - 2].end == source.tokens[i - 1].begin) {
      places[i].shift_count = true;
    }
    if (text == ")") {
      if (assembly > 0 && --assembly == 0) asm_ahead = false;
      if (launch > 0) --launch;
    }
    if (text == ">>>") configuration = false;
    before = text;
  }
  return places;
}

PortClass classify_edit(std::span<const EditedToken> removed, std::span<const EditedToken> added) {
  const auto any = [&](auto&& fits) {
    return std::ranges::any_of(removed, fits) || std::ranges::any_of(added, fits);
  };
  const auto identifier = [](const EditedToken& t, bool (*fits)(std::string_view)) {
    return t.kind == TokenKind::kIdentifier && fits(t.spelling);
  };
  if (any([&](const EditedToken& t) {
        return t.spelling == "<<<" || t.spelling == ">>>" || t.place.in_launch ||
               identifier(t, is_launch_name);
      })) {
    return PortClass::kLaunch;
  }
  if (changes_warp_width(removed, added)) return PortClass::kWarpWidth;
  if (any([&](const EditedToken& t) {
        return t.place.in_assembly || identifier(t, is_intrinsic);
      })) {
    return PortClass::kIntrinsic;
  }
  if (any([&](const EditedToken& t) { return identifier(t, is_library_name); })) {
    return PortClass::kLibrary;
  }
  return PortClass::kOther;
}

}  // namespace moat
