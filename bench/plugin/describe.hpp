// SPDX-License-Identifier: Apache-2.0
// What plug-ins say of themselves and of cases, asked in a process of its own.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "backends/device.hpp"
#include "bench/baselines/baselines.hpp"
#include "bench/plugin/plugin.hpp"

namespace moat {

// A plug-in that was asked, and is not loaded here.
struct DescribedPlugin {
  std::filesystem::path file;
  std::string sha256;  // of the file
  PluginDescription description;
  // For each device ("cpu:0") and case: why it is not solved; empty if it is.
  std::map<std::string, std::map<std::string, std::string>> answers;
};

// Asks it in a child process. Throws PluginError if the file is no plug-in of this program, or ends
// its process, or takes longer than `seconds`.
DescribedPlugin describe_plugin(const std::filesystem::path& file,
                                const std::vector<DeviceInfo>& devices, int threads,
                                const std::vector<Problem>& problems, double seconds);

// The child's part: `file` is loaded and asked what stands on standard input, and answers on the
// descriptors RESULT,WATCH. The exit code.
int answer_for_plugin(const std::filesystem::path& file, const std::string& descriptors);

// RESULT,WATCH. Throws std::invalid_argument.
struct Descriptors {
  int result = -1;
  int watch = -1;
};
Descriptors parse_descriptors(const std::string& text);

// Writes all of it to a descriptor; throws std::system_error.
void write_to(int fd, std::string_view text);

// Stands for it among the libraries of a device in the process that does not load it.
class DescribedBaseline final : public Baseline {
 public:
  // The plug-in outlives it.
  DescribedBaseline(const DescribedPlugin& plugin, std::string device)
      : plugin_(plugin), device_(std::move(device)) {}

  std::string name() const override { return plugin_.description.name; }
  std::string version() const override { return plugin_.description.version; }
  std::string detail() const override;
  std::string kernel(const Problem&) const override { return ""; }
  std::optional<std::string> unsupported(const Problem& problem) const override;
  // Throws std::logic_error.
  std::function<void(const Problem&)> prepare(const Problem& problem) override;

 private:
  const DescribedPlugin& plugin_;
  std::string device_;
};

}  // namespace moat
