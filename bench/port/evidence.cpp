// SPDX-License-Identifier: Apache-2.0
#include "bench/port/evidence.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <pugixml.hpp>
#include <regex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "backends/descriptor.hpp"

namespace moat {
namespace {

using Names = std::smatch;

// The whole name of a test, or nothing.
std::optional<Names> match(const std::string& name, const std::regex& pattern) {
  Names names;
  if (!std::regex_match(name, names, pattern)) return std::nullopt;
  return names;
}

// hip/cdna of (hip, gfx942); empty if no family serves it.
std::string family_of(const std::string& backend, const std::string& architecture) {
  for (const BackendDescriptor& d : backend_descriptors()) {
    if (d.name != backend) continue;
    for (const BackendDescriptor::Family& family : d.families) {
      for (const std::string& prefix : family.serves) {
        if (architecture.starts_with(prefix)) return backend + "/" + family.name;
      }
    }
  }
  return "";
}

// Where the test counts; null if it proves nothing of a port.
TestCounts* counts_of(const std::string& name, TestEvidence& evidence) {
  static const std::vector<std::pair<std::string, std::regex>> on_devices = [] {
    std::vector<std::pair<std::string, std::regex>> all;
    for (const BackendDescriptor& d : backend_descriptors())
      all.emplace_back(d.name, d.device_tests);
    return all;
  }();
  for (const auto& [backend, tests] : on_devices) {
    if (match(name, tests)) return &evidence.ports[backend].tests[Rung::device];
  }
  static const std::regex interpreted(R"(interpreted\.(\w+)\.(\w+)(\..+)?)");
  if (const auto of = match(name, interpreted)) {
    const std::string family = family_of((*of)[1], (*of)[2]);
    return family.empty() ? nullptr : &evidence.families[family].tests[Rung::interpreted];
  }
  // Every kernel on every family with every type: tests/backends/simt/emulated.hpp. CTest may add
  // the parameter as GoogleTest prints it.
  static const std::regex emulated(R"(Architectures/Emulated\w+\.\w+/(\w+)_[a-z]+\d+(\s+#.*)?)");
  if (const auto of = match(name, emulated)) {
    for (const BackendDescriptor& d : backend_descriptors()) {
      for (const BackendDescriptor::Family& family : d.families) {
        if (family.name != (*of)[1]) continue;
        return &evidence.families[d.name + "/" + family.name].tests[Rung::emulated];
      }
    }
    return nullptr;
  }
  static const std::regex compiled(R"((stub_)?compiled\.(\w+)\.(\w+))");
  if (const auto of = match(name, compiled)) {
    const Rung rung = (*of)[1].matched ? Rung::stub_compiled : Rung::compiled;
    return &evidence.families[(*of)[2].str() + "/" + (*of)[3].str()].tests[rung];
  }
  return nullptr;
}

}  // namespace

std::optional<Rung> Execution::proved() const {
  for (const auto& [rung, counts] : tests) {
    if (counts.proves()) return rung;
  }
  return std::nullopt;
}

std::string name_of(Rung rung) {
  switch (rung) {
    case Rung::device:
      return "device";
    case Rung::interpreted:
      return "interpreted";
    case Rung::emulated:
      return "emulated";
    case Rung::compiled:
      return "compiled";
    case Rung::stub_compiled:
      return "stub-compiled";
  }
  return "";
}

std::string key_of(Rung rung) {
  std::string key = name_of(rung);
  std::ranges::replace(key, '-', '_');
  return key;
}

std::string executed_text(const std::string& backend, std::optional<Rung> proved) {
  if (!proved) return "not at all";
  if (*proved != Rung::interpreted) return name_of(*proved);
  for (const BackendDescriptor& d : backend_descriptors()) {
    if (d.name == backend) return d.interpreted + " interpreted";
  }
  return name_of(*proved);
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
  found.seconds = suite.attribute("time").as_double();
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
