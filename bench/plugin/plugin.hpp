// SPDX-License-Identifier: Apache-2.0
// A shared library that solves problems as moat/plugin.h says.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "backends/device.hpp"
#include "bench/baselines/baselines.hpp"
#include "bench/plugin/watch.hpp"

struct MoatPlugin;

namespace moat {

// Why a file is no plug-in of this program.
struct PluginError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// What a plug-in says of itself.
struct PluginDescription {
  struct Solves {
    std::string problem;             // gemm, as moat list has it
    std::vector<std::string> types;  // f32, bf16xint4
    std::string limits;              // for a person; may be empty
  };
  std::string name;
  std::string version;
  std::string backend;
  std::vector<std::string> sources;
  std::vector<Solves> solves;
};

// "gemm (f32, bf16; k a multiple of 16), softmax (f32)"
std::string solves_text(const PluginDescription& description);

// A loaded plug-in. Its code runs in this process, and may end it.
class Plugin {
 public:
  // `index` among the plug-ins of the process, for the page, which may be null. Throws PluginError.
  Plugin(const std::filesystem::path& file, int index, WatchPage* page);

  const PluginDescription& description() const { return description_; }

  // Why it does not solve the problem on such a device; empty if it does.
  std::optional<std::string> unsupported(const DeviceInfo& device, int threads,
                                         const Problem& problem) const;

  // Sets up for the problem's shape on the device, which outlives what is returned: a function that
  // solves it once per call. Throws std::runtime_error, as that does.
  std::function<void(const Problem&)> prepare(Device& device, int threads,
                                              const Problem& problem) const;

 private:
  std::string failure(const char* what, int code) const;

  int index_;
  WatchPage* page_;
  // As far as the library knows it; what it does not know is null.
  std::shared_ptr<const MoatPlugin> table_;
  PluginDescription description_;
};

// Stands beside the libraries of a device.
class PluginBaseline final : public Baseline {
 public:
  // The device and the plug-in outlive it.
  PluginBaseline(const Plugin& plugin, Device& device, int threads)
      : plugin_(plugin), device_(device), threads_(threads) {}

  std::string name() const override { return plugin_.description().name; }
  std::string version() const override { return plugin_.description().version; }
  std::string detail() const override { return "plug-in"; }
  std::string kernel(const Problem&) const override { return ""; }
  std::optional<std::string> unsupported(const Problem& problem) const override {
    return plugin_.unsupported(device_.info(), threads_, problem);
  }
  std::function<void(const Problem&)> prepare(const Problem& problem) override {
    return plugin_.prepare(device_, threads_, problem);
  }

 private:
  const Plugin& plugin_;
  Device& device_;
  int threads_;
};

}  // namespace moat
