// SPDX-License-Identifier: Apache-2.0
#include "tests/emulator/operation.hpp"

#include <fmt/format.h>

#include <array>
#include <limits>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace moat::emulator {
namespace {

bool same(const Operation& a, const Operation& b) {
  return a.name == b.name && a.bytes == b.bytes && a.where.line() == b.where.line() &&
         a.where.file_name() == b.where.file_name();
}

// From the project's top folder on.
std::string_view relative(std::string_view path) {
  for (const std::string_view folder : {"/backends/", "/kernels/", "/tests/"}) {
    const auto at = path.rfind(folder);
    if (at != std::string_view::npos) return path.substr(at + 1);
  }
  return path;
}

thread_local std::vector<Operation> operations;
// The last operation of each hash value.
constexpr std::size_t kRecent = 256;
thread_local std::array<OperationId, kRecent> recent{};

}  // namespace

std::string text(const Operation& operation) {
  const std::string width = operation.bytes == 0 ? "" : fmt::format(" {} bytes", operation.bytes);
  return fmt::format("{}{} ({}:{})", operation.name, width, relative(operation.where.file_name()),
                     operation.where.line());
}

OperationId intern(const Operation& wanted) {
  const std::size_t hash =
      (reinterpret_cast<std::uintptr_t>(wanted.name) ^ std::size_t{wanted.where.line()} * 7) %
      kRecent;
  if (recent[hash] < operations.size() && same(operations[recent[hash]], wanted)) {
    return recent[hash];
  }
  std::size_t id = 0;
  while (id < operations.size() && !same(operations[id], wanted)) ++id;
  if (id == operations.size()) {
    if (id > std::numeric_limits<OperationId>::max()) {
      throw std::length_error("the emulator saw more than 65536 places in the source");
    }
    operations.push_back(wanted);
  }
  recent[hash] = static_cast<OperationId>(id);
  return recent[hash];
}

const Operation& operation(OperationId id) { return operations[id]; }

}  // namespace moat::emulator
