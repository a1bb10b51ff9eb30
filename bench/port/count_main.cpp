// SPDX-License-Identifier: Apache-2.0
// Counts, at build time, the lines that each backend of this build compiles.
#include <fmt/core.h>

#include <exception>
#include <nlohmann/json.hpp>

#include "bench/port/count.hpp"
#include "bench/port/record.hpp"
#include "bench/record/file.hpp"

int main(int argc, char** argv) {
  if (argc != 5) {
    fmt::print(stderr, "usage: {} MANIFEST SOURCE_DIR BUILD_DIR OUTPUT\n", argv[0]);
    return 2;
  }
  try {
    moat::Porting porting;
    porting.count = moat::count_lines(moat::read_manifest(argv[1]), argv[2], argv[3]);
    porting.absent = porting.count.errors;
    for (const auto& [backend, why] : porting.absent) {
      fmt::print(stderr, "lines of {} not counted: {}\n", backend, why);
    }
    moat::write_file(argv[4], moat::dump_strict(moat::to_json(porting)));
  } catch (const std::exception& e) {
    fmt::print(stderr, "{}\n", e.what());
    return 1;
  }
}
