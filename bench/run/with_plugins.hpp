// SPDX-License-Identifier: Apache-2.0
// Plug-ins in a run: they stand beside the libraries, and each case that has one is measured in a
// process of its own, in which all that take part in it are.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bench/baselines/baselines.hpp"
#include "bench/plugin/describe.hpp"
#include "bench/plugin/plugin.hpp"
#include "bench/record/record.hpp"
#include "bench/run/devices.hpp"
#include "bench/run/options.hpp"

namespace moat {

class PluginUse {
 public:
  // In a run of its own, asks the plug-ins what they solve; in a process for another one, loads
  // them. All outlive it; devices whose queues a plug-in may block are wrapped. Throws UsageError.
  // `processors` are those that the run's threads may use.
  PluginUse(const RunOptions& options, int threads, std::vector<int> processors, Devices& devices,
            const std::vector<Problem>& problems);

  // Those that no device of this run suits.
  const std::vector<AbsentRecord>& absent() const { return absent_; }

  // Adds those that solve problems on the device to its baselines, and tells what the record says
  // of them. Throws UsageError for a name that a baseline has.
  std::vector<LibraryRecord> join(Device& device, Baselines& baselines) const;

  bool has(const std::string& name) const { return index_.contains(name); }

  // What a process of plug-ins does when one of them changed what all are given.
  std::function<void()> when_spoiled(const std::string& name) const;

  // Measures a case in a process of its own. A plug-in that ends that, or hangs, is an error of its
  // own, and the others are measured once more without it. Throws std::runtime_error.
  std::vector<CaseRecord> measure(const Problem& problem, const DeviceInfo& device,
                                  std::uint64_t seed) const;

  // Hands the record to the process that started this one.
  void answer(const std::string& record) const;

 private:
  void ask(const Devices& devices, const std::vector<Problem>& problems);
  void load(Devices& devices);

  const RunOptions& options_;
  int threads_;
  std::vector<int> processors_;
  std::vector<DescribedPlugin> described_;
  std::vector<std::unique_ptr<Plugin>> loaded_;
  std::map<std::string, int> index_;  // of a name among the plug-ins
  std::vector<AbsentRecord> absent_;
  Descriptors parent_;
  WatchPage* page_ = nullptr;
};

}  // namespace moat
