// SPDX-License-Identifier: Apache-2.0
// What a lane does and where it stands in the source, as reports name it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <source_location>
#include <string>

namespace moat::emulator {

// `name` is the instruction, a string that lives for ever; `bytes` its width where the name does
// not say it.
struct Operation {
  const char* name;
  std::source_location where;
  std::size_t bytes = 0;
};

// "load_shared 16 bytes (backends/simt/panel.hpp:31)"
std::string text(const Operation& operation);

// Small numbers for operations, so that shared memory can remember one for every word.
using OperationId = std::uint16_t;
OperationId intern(const Operation& operation);
const Operation& operation(OperationId id);

}  // namespace moat::emulator
