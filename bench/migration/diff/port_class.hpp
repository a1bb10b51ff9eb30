// SPDX-License-Identifier: Apache-2.0
// Why a line of a port differs.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "bench/migration/source/source_text.hpp"

namespace moat {

// Each changed line has one; the first that fits, in this order. README.md has the definitions.
enum class PortClass : std::uint8_t {
  kInclude,
  kGuard,
  kRename,
  kLaunch,
  kArgumentOrder,
  kWarpWidth,
  kIntrinsic,
  kLibrary,
  kOther,
  kDropped,  // a line of a file that has no counterpart in the port
  kNewFile,  // a line of a file that has none in the base
};
inline constexpr std::size_t kPortClassCount = 11;

// "argument order", as in tables and JSON.
std::string_view port_class_name(PortClass c);

// Where a token stands, as far as its line does not say so.
struct TokenPlace {
  bool in_assembly = false;  // within asm(…)
  bool in_launch = false;    // within <<<…>>> or the parentheses of a launch function
  bool shift_count = false;  // directly behind a shift operator
};

// Of every token of a source.
std::vector<TokenPlace> token_places(const SourceText& source);

// An edited token, and where it stands.
struct EditedToken {
  std::string_view spelling;
  TokenKind kind = TokenKind::kPunctuation;
  TokenPlace place;
};

// The class of an edit by hand outside of #include and conditional directives: what was removed and
// what was added in its stead. kLaunch, kWarpWidth, kIntrinsic, kLibrary or kOther.
PortClass classify_edit(std::span<const EditedToken> removed, std::span<const EditedToken> added);

// Whether an identifier belongs to a vendor's library: cublasCreate, rocblas_handle, cub, thrust.
bool is_library_name(std::string_view identifier);

// Whether an identifier is a device intrinsic of a compiler: __shfl_sync, __builtin_amdgcn_…,
// __ldg, but no qualifier such as __global__.
bool is_intrinsic(std::string_view identifier);

// Whether an identifier launches kernels: hipLaunchKernelGGL, cudaLaunchKernel, parallel_for.
bool is_launch_name(std::string_view identifier);

// Whether it is a function that takes the kernel and its arguments.
bool is_launch_function(std::string_view identifier);

// The value of an integer literal; false if it is none.
bool integer_value(std::string_view literal, std::uint64_t& value);

}  // namespace moat
