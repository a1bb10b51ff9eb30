// SPDX-License-Identifier: Apache-2.0
// What element-wise lambdas of a kernel receive: types of their own, with the operators that the
// vocabulary promises and no conversion back.
#pragma once

#include <concepts>

namespace moat::archetype {

struct Condition {
  bool holds;

  friend Condition operator&(Condition a, Condition b) { return {a.holds && b.holds}; }
  friend Condition operator|(Condition a, Condition b) { return {a.holds || b.holds}; }
};

// A float, and an int below. A scalar operand stands for a value that holds it.
struct Value {
  float x;

  Value() = default;
  template <std::same_as<float> F>
  Value(F value) : x(value) {}

  friend Value operator+(Value a, Value b) { return a.x + b.x; }
  friend Value operator-(Value a, Value b) { return a.x - b.x; }
  friend Value operator*(Value a, Value b) { return a.x * b.x; }
  friend Value operator/(Value a, Value b) { return a.x / b.x; }
  friend Condition operator<(Value a, Value b) { return {a.x < b.x}; }
  friend Condition operator>(Value a, Value b) { return {a.x > b.x}; }
  friend Condition operator==(Value a, Value b) { return {a.x == b.x}; }
};

struct Index {
  int i;

  Index() = default;
  template <std::same_as<int> I>
  Index(I value) : i(value) {}

  friend Index operator+(Index a, Index b) { return a.i + b.i; }
  friend Index operator-(Index a, Index b) { return a.i - b.i; }
  friend Index operator*(Index a, Index b) { return a.i * b.i; }
  friend Condition operator<(Index a, Index b) { return {a.i < b.i}; }
  friend Condition operator>(Index a, Index b) { return {a.i > b.i}; }
  friend Condition operator==(Index a, Index b) { return {a.i == b.i}; }
};

}  // namespace moat::archetype
