#include "bench/port/evidence.hpp"

#include <fmt/core.h>

#include <array>
#include <boost/property_tree/ptree.hpp>
#include <boost/property_tree/xml_parser.hpp>
#include <regex>
#include <stdexcept>

namespace moat {
namespace {

// Tests that run a port's kernels, and where. Others of these suites pass without a device.
struct Evidence {
  const char* tests;  // matches the whole name
  const char* backend;
  TestCounts Execution::* counts;
};

constexpr std::array<Evidence, 5> kEvidence = {{
    {.tests = R"(CudaDevices\.(Basics|EveryKernel))",
     .backend = "cuda",
     .counts = &Execution::device},
    {.tests = R"(HipDevices\.(Basics|EveryKernel))",
     .backend = "hip",
     .counts = &Execution::device},
    {.tests = R"(Cpu/\w+Test\..*)", .backend = "cpu", .counts = &Execution::device},
    // Each runs the tile layer with both vendors' schedules.
    {.tests = R"((.*/)?Emulated\w*(/.*)?\..*)", .backend = "cuda", .counts = &Execution::emulator},
    {.tests = R"((.*/)?Emulated\w*(/.*)?\..*)", .backend = "hip", .counts = &Execution::emulator},
}};

}  // namespace

std::string Execution::where() const {
  if (device.passed > 0) return "device";
  return emulator.passed > 0 ? "emulator" : "not at all";
}

std::map<std::string, Execution> read_junit(const std::filesystem::path& path) {
  namespace pt = boost::property_tree;
  std::map<std::string, Execution> found;
  try {
    pt::ptree document;
    pt::read_xml(path.string(), document);
    for (const auto& [tag, test] : document.get_child("testsuite")) {
      if (tag != "testcase") continue;
      const auto name = test.get<std::string>("<xmlattr>.name");
      for (const Evidence& evidence : kEvidence) {
        if (!std::regex_match(name, std::regex(evidence.tests))) continue;
        TestCounts& counts = found[evidence.backend].*evidence.counts;
        if (test.count("skipped") > 0) {
          ++counts.skipped;
        } else if (test.count("failure") > 0 ||
                   test.get<std::string>("<xmlattr>.status", "") != "run") {
          ++counts.failed;
        } else {
          ++counts.passed;
        }
      }
    }
  } catch (const pt::ptree_error& e) {
    throw std::runtime_error(fmt::format(
        "{}: {}: give the file that `ctest --output-junit FILE` wrote", path.string(), e.what()));
  }
  return found;
}

}  // namespace moat
