#include "bench/port/evidence.hpp"

#include <fmt/core.h>

#include <array>
#include <boost/property_tree/ptree.hpp>
#include <boost/property_tree/xml_parser.hpp>
#include <stdexcept>
#include <string_view>

namespace moat {
namespace {

struct Suite {
  std::string_view name;
  std::string_view backend;
  TestCounts Execution::* counts;
};

constexpr std::array<Suite, 5> kSuites = {{
    {"CpuDevice", "cpu", &Execution::device},
    {"CudaDevice", "cuda", &Execution::device},
    {"HipDevice", "hip", &Execution::device},
    {"CudaEmulator", "cuda", &Execution::emulator},
    {"HipEmulator", "hip", &Execution::emulator},
}};

// GoogleTest names are Suite.Test, Instance/Suite.Test/Parameter and Suite/Type.Test.
bool names_suite(std::string_view test, std::string_view suite) {
  const std::string_view before_dot = test.substr(0, test.find('.'));
  const std::size_t at = before_dot.find(suite);
  if (at == std::string_view::npos) return false;
  const std::size_t end = at + suite.size();
  return (at == 0 || before_dot[at - 1] == '/') &&
         (end == before_dot.size() || before_dot[end] == '/');
}

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
      for (const Suite& suite : kSuites) {
        if (!names_suite(name, suite.name)) continue;
        TestCounts& counts = found[std::string(suite.backend)].*suite.counts;
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
