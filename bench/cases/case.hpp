// SPDX-License-Identifier: Apache-2.0
// Names of cases: one line of text for one problem, and back.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "problems/problem.hpp"

namespace moat {

// A case name or suite that cannot be used: names it, the part at fault and an example.
struct CaseError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// gemm/bf16/m16n4096k4096bt        B stored transposed (n × k)
// gemm/f32/m64n64k64lda70ldb80     leading dimensions, in elements
// gemm/f16xbf16/m64n64k64          B of a type of its own, beside that of A and C
// attention/bf16/b1q512kv512h32hkv8d128causal    batch, q_len, kv_len, q_heads, kv_heads, head_dim
// attention/f32/b1q1kv99h8hkv8d64scale0.1        scale, if it is not 1 ÷ √head_dim
// groupedgemm/bf16/t16e64top6n2048k1024masked32  tokens, experts, experts of each, n, k, rows held
// sum/f32/n1048576  max/f16/n1000  argmax/bf16/n7
// softmax/bf16/r64c4096            rows, cols
// rmsnorm/bf16/r64c4096eps1e-06    epsilon, if it is not 1e-05
// The name holds the problem's shape, not its pointers: read_case(case_name(p)) is p without them.
std::string case_name(const Problem& problem);

// Throws CaseError. Shapes are checked; that a kernel takes the types is not, nor that the case
// fits into memory (see check_memory).
Problem read_case(std::string_view name);

// The same of a case that can be solved: throws CaseError, too, for types that no kernel takes.
Problem parse_case(std::string_view name);

// The keys that a shape of the problem's kernel may have, in their order: "m# n# k# [bt]", where #
// stands for a number and brackets hold what may be left out.
std::string shape_grammar(const Problem& problem);

// The kernel of a case: gemm, attention, … Throws CaseError if the problem is not a case.
std::string_view kernel_name(const Problem& problem);

// Memory of the inputs and of one output. The largest std::uint64_t if it is more than that.
std::uint64_t input_bytes(const Problem& problem);
std::uint64_t output_bytes(const Problem& problem);

// Throws CaseError if one set of operands needs more than `available` bytes of `where`.
void check_memory(const Problem& problem, std::uint64_t available, std::string_view where);
// The same of `bytes` that the case needs in all.
void check_memory(const Problem& problem, double bytes, std::uint64_t available,
                  std::string_view where);

}  // namespace moat
