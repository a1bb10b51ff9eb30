// SPDX-License-Identifier: Apache-2.0
// Arithmetic that stands in a file of claims.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace moat {

// A formula that cannot be read or has no value: shows it with the place at fault.
struct FormulaError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The value of + - * / and parentheses over plain numbers, names, min(a, b, …) and max(a, b, …), in
// float64. Names are letters, digits, _ and dots, and begin with a letter; `value_of` knows theirs
// and throws what it likes for others. Throws FormulaError, also for a division by zero and a value
// that is not finite.
double evaluate(std::string_view formula,
                const std::function<double(std::string_view name)>& value_of);

}  // namespace moat
