// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cxxabi.h>

#include <cstdlib>
#include <memory>
#include <string>

namespace moat {

// A kernel as C++ writes it, of its mangled name (Itanium C++ ABI, "External Names"), without its
// result and parameters: those repeat the template's arguments. The name as it is if it is none.
inline std::string kernel_name(const std::string& mangled) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(
      abi::__cxa_demangle(mangled.c_str(), nullptr, nullptr, &status), &std::free);
  if (status != 0) return mangled;
  std::string name = text.get();
  if (name.ends_with(')')) {
    std::size_t begin = name.size();
    int depth = 0;
    do {
      --begin;
      depth += name[begin] == ')' ? 1 : name[begin] == '(' ? -1 : 0;
    } while (depth > 0 && begin > 0);
    name.resize(begin);
  }
  if (name.starts_with("void ")) name.erase(0, 5);
  return name;
}

}  // namespace moat
