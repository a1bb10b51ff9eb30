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

// What a test proves something about.
struct Proof {
  Execution* of = nullptr;  // null: of no port
  Rung rung = Rung::device;
  // Of an interpreted test.
  std::string architecture = {};
  std::string what = {};
};

Proof proof_of(const std::string& name, TestEvidence& evidence) {
  static const std::vector<std::pair<std::string, std::regex>> on_devices = [] {
    std::vector<std::pair<std::string, std::regex>> all;
    for (const BackendDescriptor& d : backend_descriptors())
      all.emplace_back(d.name, d.device_tests);
    return all;
  }();
  for (const auto& [backend, tests] : on_devices) {
    if (match(name, tests)) return {.of = &evidence.ports[backend], .rung = Rung::device};
  }
  static const std::regex interpreted(R"(interpreted\.(\w+)\.(\w+)(?:\.(.+))?)");
  if (const auto of = match(name, interpreted)) {
    const std::string family = family_of((*of)[1], (*of)[2]);
    if (family.empty()) return {};
    return {.of = &evidence.families[family],
            .rung = Rung::interpreted,
            .architecture = (*of)[2],
            .what = (*of)[3]};
  }
  // Every kernel on every family with every type: tests/backends/simt/emulated.hpp. CTest may add
  // the parameter as GoogleTest prints it.
  static const std::regex emulated(R"(Architectures/Emulated\w+\.\w+/(\w+)_[a-z]+\d+(\s+#.*)?)");
  if (const auto of = match(name, emulated)) {
    for (const BackendDescriptor& d : backend_descriptors()) {
      for (const BackendDescriptor::Family& family : d.families) {
        if (family.name != (*of)[1]) continue;
        return {.of = &evidence.families[d.name + "/" + family.name], .rung = Rung::emulated};
      }
    }
    return {};
  }
  static const std::regex compiled(R"((stub_)?compiled\.(\w+)\.(\w+))");
  if (const auto of = match(name, compiled)) {
    const Rung rung = (*of)[1].matched ? Rung::stub_compiled : Rung::compiled;
    return {.of = &evidence.families[(*of)[2].str() + "/" + (*of)[3].str()], .rung = rung};
  }
  return {};
}

}  // namespace

bool Execution::reaches(Rung rung) const {
  const auto it = tests.find(rung);
  if (it == tests.end() || it->second.passed == 0 || it->second.failed > 0) return false;
  // One that decodes the code, or runs a few cases, does not show that the kernels run.
  return rung != Rung::interpreted || std::ranges::all_of(interpreted, [](const auto& of) {
           return of.second.contains("devices") && of.second.contains("every_kernel");
         });
}

std::optional<Rung> Execution::proved() const {
  for (const auto& [rung, counts] : tests) {
    if (reaches(rung)) return rung;
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
    const Proof proof = proof_of(name, found);
    if (proof.of == nullptr) continue;
    TestCounts& counts = proof.of->tests[proof.rung];
    if (test.child("skipped")) {
      ++counts.skipped;
      continue;
    }
    const bool failed =
        test.child("failure") || std::string(test.attribute("status").value()) != "run";
    ++(failed ? counts.failed : counts.passed);
    if (proof.rung != Rung::interpreted) continue;
    std::set<std::string>& passed = proof.of->interpreted[proof.architecture];
    if (!failed) passed.insert(proof.what);
  }
  return found;
}

}  // namespace moat
