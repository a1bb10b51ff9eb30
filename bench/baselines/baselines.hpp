// SPDX-License-Identifier: Apache-2.0
// Vendor libraries and plain loops that solve the same problems on the same device, and yardsticks.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backends/device.hpp"
#include "problems/problem.hpp"

namespace moat {

// A library whose results are verified and timed like ours.
class Baseline {
 public:
  virtual ~Baseline() = default;

  virtual std::string name() const = 0;     // onednn, cublaslt, …: last part of a case's name
  virtual std::string version() const = 0;  // as the library tells
  virtual std::string detail() const = 0;   // the kernel set that it chose, how it is used

  // The library's own name of the implementation that it chose for this problem, where it tells.
  virtual std::string kernel(const Problem& problem) const = 0;

  // Why the library does not solve this problem; empty if it does.
  virtual std::optional<std::string> unsupported(const Problem& problem) const = 0;

  // Sets up for the problem's shape (its pointers are not read) and returns what solves problems of
  // this shape, once per call, on the device of the baseline. The baseline outlives the function.
  // Throws std::runtime_error.
  virtual std::function<void(const Problem&)> prepare(const Problem& problem) = 0;
};

// Why no library here solves a GEMM whose operands differ in type.
inline constexpr const char* kSeveralTypes = "A, B and C are not of one type";

// Bytes that are moved once.
struct Traffic {
  double read = 0;
  double written = 0;
};

// Moves a problem's bytes and computes nothing. It solves no problem, so it is no baseline: its
// time tells how far a kernel that reads the same bytes could get on this machine, just now.
class Yardstick {
 public:
  virtual ~Yardstick() = default;

  virtual std::string name() const = 0;    // last part of a case's name
  virtual std::string detail() const = 0;  // how it moves them

  // What it moves; empty for a problem whose time that says nothing about.
  virtual std::optional<Traffic> traffic(const Problem& problem) const = 0;

  // What it must leave at the beginning of the output, for these inputs on the host. The rest of
  // the output must stay as it was.
  virtual std::vector<std::byte> leaves(const Problem& host) const = 0;

  virtual void run(const Problem& problem) = 0;
};

// A yardstick that computes: our own kernel on another problem with about as many FLOPs, operands
// of its own, verified as any case and timed in the rounds of the problem beside which it stands.
// Of two numbers that the cores' speed decides, it is the one that is known to go fast.
struct ProductYardstick {
  std::string detail;  // what it computes
  // What stands beside a problem; empty for one whose time that says nothing about.
  std::function<std::optional<Problem>(const Problem&)> beside;
};

// Their names. No baseline and no kernel has them.
inline constexpr const char* kReadYardstick = "read";
inline constexpr const char* kCopyYardstick = "copy";
inline constexpr const char* kProductYardstick = "product";

// A baseline that this machine, this build or this suite lacks.
struct AbsentBaseline {
  std::string name;
  std::string reason;
};

struct Baselines {
  std::vector<std::unique_ptr<Baseline>> found;
  std::vector<AbsentBaseline> absent;
  std::vector<std::unique_ptr<Yardstick>> yardsticks = {};
  std::optional<ProductYardstick> product = std::nullopt;
};

// Baselines for a device, which outlives them. On a CPU they use as many threads as the device and
// return with the result; on a GPU they enqueue on the device's stream. A backend that is not
// known here gives none. OpenBLAS reads its kernel set from the environment when it is loaded: call
// this once per device and before other threads run.
Baselines open_baselines(Device& device);

}  // namespace moat
