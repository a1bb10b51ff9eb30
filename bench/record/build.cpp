// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <sstream>

#include "bench/record/provenance.hpp"

namespace moat {

std::string build_warning(const Build& build) {
  std::string level;  // the last one counts
  std::string sanitizer;
  std::istringstream flags(build.flags);
  for (std::string flag; flags >> flag;) {
    if (flag.starts_with("-O")) level = flag;
    if (flag.starts_with("-fsanitize=")) sanitizer = flag;
  }
  const std::string type = build.build_type.empty() ? "no build type" : build.build_type;
  constexpr const char* kWorthless = "its numbers say nothing about the kernels";
  if (level.empty() || level == "-O0" || level == "-Og") {
    return fmt::format("this build is not optimised ({}): {}", type, kWorthless);
  }
  if (!sanitizer.empty()) {
    return fmt::format("this build checks itself ({}): {}", sanitizer, kWorthless);
  }
  return "";
}

}  // namespace moat
