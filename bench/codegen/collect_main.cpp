// SPDX-License-Identifier: Apache-2.0
// Gathers, at build time, what the compilers made of each kernel.
#include <fmt/core.h>

#include <exception>
#include <nlohmann/json.hpp>

#include "bench/codegen/report.hpp"
#include "bench/record/file.hpp"

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: {} MANIFEST OUTPUT\n", argv[0]);
    return 2;
  }
  try {
    const auto report = moat::codegen::collect(moat::read_manifest(argv[1]));
    for (const auto& [unit, why] : report.errors) {
      fmt::print(stderr, "code of {} not read: {}\n", unit, why);
    }
    moat::write_file(argv[2], moat::dump_strict(to_json(report)));
  } catch (const std::exception& e) {
    fmt::print(stderr, "{}\n", e.what());
    return 1;
  }
}
