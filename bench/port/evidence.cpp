#include "bench/port/evidence.hpp"

#include <fmt/core.h>

#include <array>
#include <boost/property_tree/ptree.hpp>
#include <boost/property_tree/xml_parser.hpp>
#include <regex>
#include <stdexcept>

namespace moat {
namespace {

// Tests that run a backend's kernels on its devices. Others of these suites pass without one.
struct DeviceTests {
  const char* tests;  // matches the whole name
  const char* backend;
};

constexpr std::array<DeviceTests, 3> kDeviceTests = {{
    {.tests = R"(CudaDevices\.(Basics|EveryKernel))", .backend = "cuda"},
    {.tests = R"(HipDevices\.(Basics|EveryKernel))", .backend = "hip"},
    {.tests = R"(Cpu/\w+Test\..*)", .backend = "cpu"},
}};

// Where the test counts; null if it runs no port's kernels.
TestCounts* counts_of(const std::string& name, TestEvidence& evidence) {
  for (const DeviceTests& of : kDeviceTests) {
    if (std::regex_match(name, std::regex(of.tests))) return &evidence.devices[of.backend];
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
  namespace pt = boost::property_tree;
  TestEvidence found;
  try {
    pt::ptree document;
    pt::read_xml(path.string(), document);
    for (const auto& [tag, test] : document.get_child("testsuite")) {
      if (tag != "testcase") continue;
      TestCounts* const counts = counts_of(test.get<std::string>("<xmlattr>.name"), found);
      if (counts == nullptr) continue;
      if (test.count("skipped") > 0) {
        ++counts->skipped;
      } else if (test.count("failure") > 0 ||
                 test.get<std::string>("<xmlattr>.status", "") != "run") {
        ++counts->failed;
      } else {
        ++counts->passed;
      }
    }
  } catch (const pt::ptree_error& e) {
    throw std::runtime_error(fmt::format(
        "{}: {}: give the file that `ctest --output-junit FILE` wrote", path.string(), e.what()));
  }
  return found;
}

}  // namespace moat
