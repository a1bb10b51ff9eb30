// SPDX-License-Identifier: Apache-2.0
// Source trees under fixtures/ and how they are compiled.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "bench/port/preprocess.hpp"

namespace moat::test {

std::filesystem::path fixtures();

// The two kernels and the runtimes of fixtures/suite (or a copy of it at `root`), compiled by
// `compiler` for cuda, hip and cpu.
std::vector<CompileCommand> suite_commands(const std::filesystem::path& root,
                                           const std::string& compiler);

// The same with families: the kernels for cuda's sm_80 and, with two more macros, sm_90a, and for
// hip's cdna; the runtimes for all of their backend. cuda/sm_90a adds backends/common.hpp:4 and
// leaves out kernels/dot.cpp:4 and the two lines of backends/reduce.hpp.
std::vector<CompileCommand> family_commands(const std::filesystem::path& root,
                                            const std::string& compiler);

void write_manifest(const std::filesystem::path& path, const std::vector<CompileCommand>& commands);

}  // namespace moat::test
