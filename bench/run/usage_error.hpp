// SPDX-License-Identifier: Apache-2.0
// A bad option or value: names it and how to mend it. Raised before anything is measured.
#pragma once

#include <stdexcept>

namespace moat {

struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace moat
