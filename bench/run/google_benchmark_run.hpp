// SPDX-License-Identifier: Apache-2.0
// Google Benchmark runs and reports the cases; the sampling inside each is ours.
#pragma once

#include <functional>
#include <optional>
#include <ostream>
#include <regex>
#include <string>
#include <vector>

namespace moat {

// Google Benchmark's own options, as given on the command line or in its BENCHMARK_* environment.
class GoogleBenchmarkFlags {
 public:
  // Takes "--benchmark_NAME" and "--benchmark_NAME=VALUE". Throws UsageError for any other text,
  // for an option that the library does not know, a value that is none, and for options that have
  // no meaning here because the sampling is not the library's.
  explicit GoogleBenchmarkFlags(const std::vector<std::string>& arguments);

  // Whether --benchmark_filter lets the name through: a regular expression found in it, or with a
  // leading '-' not found.
  bool selects(const std::string& name) const;

  int repetitions() const { return repetitions_; }
  bool list_only() const { return list_only_; }
  const std::string& out() const { return out_; }
  const std::string& out_format() const { return out_format_; }
  // --benchmark_format: what standard output has instead of the table.
  const std::optional<std::string>& format() const { return format_; }
  // What the library itself reads.
  const std::vector<std::string>& forwarded() const { return forwarded_; }

 private:
  void take(const std::string& name, const std::string& value, const std::string& source);

  std::optional<std::regex> filter_;
  bool inverted_ = false;
  int repetitions_ = 1;
  bool list_only_ = false;
  std::string out_;
  std::string out_format_ = "json";
  std::optional<std::string> format_;
  std::vector<std::string> forwarded_;
};

// What one repetition of an entry gave.
struct EntryResult {
  double seconds = 0;  // median per call
  double flops_per_second = 0;
  double bytes_per_second = 0;
  std::string error;  // no times if it is not empty
};

struct Entry {
  std::string name;
  std::function<EntryResult(int repetition)> measure;  // does not throw
};

// Hands the flags to the library. Throws UsageError for a value that it does not take.
void initialize_google_benchmark(const GoogleBenchmarkFlags& flags);

// Registers the entries and runs each as often as the flags say, with the library's report on `out`
// if the flags ask for it. Returns the text for the file of --benchmark_out, empty without one.
std::string run_google_benchmark(const GoogleBenchmarkFlags& flags,
                                 const std::vector<Entry>& entries, std::ostream& out);

}  // namespace moat
