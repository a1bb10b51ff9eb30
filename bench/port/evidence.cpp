// SPDX-License-Identifier: Apache-2.0
#include "bench/port/evidence.hpp"

#include <fmt/core.h>

#include <pugixml.hpp>
#include <regex>
#include <stdexcept>
#include <string>

#include "backends/descriptor.hpp"

namespace moat {
namespace {

// Where the test counts; null if it runs no port's kernels.
TestCounts* counts_of(const std::string& name, TestEvidence& evidence) {
  for (const BackendDescriptor& d : backend_descriptors()) {
    if (std::regex_match(name, std::regex(d.device_tests))) return &evidence.devices[d.name];
  }
  // Every kernel on every family with every type: tests/backends/simt/emulated.hpp. CTest may add
  // the parameter as GoogleTest prints it.
  static const std::regex emulated(R"(Architectures/Emulated\w+\.\w+/(\w+)_[a-z]+\d+(\s+#.*)?)");
  std::smatch match;
  if (!std::regex_match(name, match, emulated)) return nullptr;
  return &evidence.emulated[match[1]];
}

}  // namespace

std::string Execution::where() const {
  if (device.passed > 0) return "device";
  return emulator.passed > 0 ? "emulator" : "not at all";
}

TestCounts& operator+=(TestCounts& sum, const TestCounts& more) {
  sum.passed += more.passed;
  sum.failed += more.failed;
  sum.skipped += more.skipped;
  return sum;
}

TestEvidence read_junit(const std::filesystem::path& path) {
  pugi::xml_document document;
  const pugi::xml_parse_result read = document.load_file(path.c_str());
  const pugi::xml_node suite = document.child("testsuite");
  if (!read || !suite) {
    throw std::runtime_error(
        fmt::format("{}: {}: give the file that `ctest --output-junit FILE` wrote", path.string(),
                    read ? "no <testsuite>" : read.description()));
  }
  TestEvidence found;
  for (const pugi::xml_node test : suite.children("testcase")) {
    const std::string name = test.attribute("name").value();
    if (name.empty()) {
      throw std::runtime_error(
          fmt::format("{}: a <testcase> without a name: give the file that `ctest --output-junit "
                      "FILE` wrote",
                      path.string()));
    }
    TestCounts* const counts = counts_of(name, found);
    if (counts == nullptr) continue;
    if (test.child("skipped")) {
      ++counts->skipped;
    } else if (test.child("failure") || std::string(test.attribute("status").value()) != "run") {
      ++counts->failed;
    } else {
      ++counts->passed;
    }
  }
  return found;
}

}  // namespace moat
