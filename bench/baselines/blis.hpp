// SPDX-License-Identifier: Apache-2.0
// BLIS's sgemm, loaded at run time.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "bench/baselines/baselines.hpp"
#include "bench/baselines/shared_library.hpp"

namespace moat {

// The baseline of a BLIS that was loaded. Throws std::runtime_error if it lacks a function or is
// built in a way that says nothing: for 64-bit integers, or without OpenMP for several threads.
std::unique_ptr<Baseline> make_blis(const SharedLibrary& library, int threads);

// Where BLIS is: a file's name, and a folder in which it is if the system does not know it.
struct BlisFile {
  std::string name;
  std::string folder;
};

// Adds the baseline, or why it is absent: of the first of `files` that has kernels for this
// processor. One that has not, and runs portable loops ("generic"), is no baseline: ours would be
// compared with what a compiler made of C.
void open_blis(int threads, std::span<const BlisFile> files, Baselines& baselines);

// The same for the files of Debian, upstream and AMD.
void open_blis(int threads, Baselines& baselines);

}  // namespace moat
