// SPDX-License-Identifier: Apache-2.0
// The compilers' preprocessing passes, derived from the commands that build the backends.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace moat {

// One entry of compile_manifest.json: how one source is compiled for one backend.
struct CompileCommand {
  std::string backend;               // cuda, hip, cpu
  std::string family;                // sm_90a, cdna …; "" for what all families of a backend use
  std::string kernel;                // gemm …; "runtime" for what belongs to no kernel
  std::filesystem::path source;      // absolute
  std::filesystem::path directory;   // in which the command runs
  std::vector<std::string> command;  // compiler and arguments
};

// Reads the manifest: a JSON list of objects {backend, family, kernel, source, directory,
// command: […]}, where a kernel "" means "runtime" and a family may be missing. Throws
// std::runtime_error that names the file and the entry.
std::vector<CompileCommand> read_manifest(const std::filesystem::path& path);

// One run of a preprocessor.
struct PreprocessPass {
  std::string target;                // "host", or the device architecture: sm_90a, gfx942
  std::vector<std::string> command;  // prints the preprocessed source on its standard output
};

// The passes that compiling this source takes: one for a host compiler; the host's and one per
// architecture for clang with an offload language and for nvcc, whose own `--dryrun` says what it
// runs. Conditional directives and includes are processed as in the build; macros are not expanded
// (-fdirectives-only, GCC and clang 15 or newer), so that every line stays at its place. Throws
// std::runtime_error if nvcc's answer is not understood.
std::vector<PreprocessPass> preprocess_passes(const CompileCommand& compile);

// "g++ (Debian 12.2.0-14) 12.2.0": what the compiler says of itself; "" if it says nothing.
std::string compiler_version(const CompileCommand& compile);

}  // namespace moat
