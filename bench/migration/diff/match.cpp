// SPDX-License-Identifier: Apache-2.0
#include "bench/migration/diff/match.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>
#include <map>
#include <set>
#include <stdexcept>
#include <tuple>
#include <unordered_map>

#include "bench/migration/source/parallel.hpp"

namespace moat {
namespace {

using Words = std::vector<std::string>;
using Paths = std::set<std::string>;

std::string file_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// Extensions that say the language or the model, not the file: all of them go ("a.dp.cpp").
std::string without_extensions(std::string path) {
  constexpr std::array<std::string_view, 24> kExtensions = {
      ".cu",  ".cuh", ".hip",  ".c",    ".cc",   ".cpp", ".cxx",   ".h",
      ".hh",  ".hpp", ".hxx",  ".inl",  ".inc",  ".ipp", ".tpp",   ".mu",
      ".muh", ".dp",  ".maca", ".sycl", ".cuda", ".mlu", ".cuinc", ".prehip"};
  for (bool found = true; found;) {
    found = false;
    for (const std::string_view extension : kExtensions) {
      if (path.size() > extension.size() && path.ends_with(extension)) {
        path.resize(path.size() - extension.size());
        found = true;
      }
    }
  }
  return path;
}

bool is_header(const std::string& path) {
  constexpr std::array<std::string_view, 6> kEndings = {".h",   ".hh",  ".hpp",
                                                        ".hxx", ".cuh", ".muh"};
  return std::ranges::any_of(kEndings, [&](std::string_view e) { return path.ends_with(e); });
}

// In lower case, without extensions, the model's names replaced by one mark.
std::string stem_key(const std::string& path, const Words& words) {
  std::string key = without_extensions(path);
  std::ranges::transform(key, key.begin(), [](unsigned char c) { return std::tolower(c); });
  for (const std::string& word : words) {
    for (std::size_t at = key.find(word); at != std::string::npos; at = key.find(word, at + 1)) {
      key.replace(at, word.size(), 1, '@');
    }
  }
  if (is_header(path)) key.append("/header");
  return key;
}

class Matcher {
 public:
  Matcher(const std::vector<std::string>& base, const std::vector<std::string>& port)
      : base_(base.begin(), base.end()), port_(port.begin(), port.end()) {}

  void overrides(const MatchOverrides& given) {
    for (const auto& [base, port] : given) {
      if (!base.empty() && base_.erase(base) == 0) missing(base, "base");
      if (!port.empty() && port_.erase(port) == 0) missing(port, "port");
      if (!base.empty() && !port.empty()) {
        pairs_.push_back({.base = base, .port = port, .by = MatchedBy::kUser});
      } else if (port.empty()) {
        dropped_.push_back(base);
      } else {
        added_.push_back(port);
      }
    }
  }

  // Files whose keys are equal, if each side has one such file.
  template <class Key>
  void by_key(MatchedBy by, Key key_of) {
    std::map<std::string, std::pair<std::vector<std::string>, std::vector<std::string>>> keys;
    for (const std::string& path : base_) keys[key_of(path)].first.push_back(path);
    for (const std::string& path : port_) keys[key_of(path)].second.push_back(path);
    for (const auto& [key, files] : keys) {
      if (files.first.size() == 1 && files.second.size() == 1) {
        take(files.first.front(), files.second.front(), by);
      }
    }
  }

  void by_content(const LineHashes& hashes, int threads) {
    if (base_.empty() || port_.empty()) return;
    const std::vector<std::string> base(base_.begin(), base_.end());
    const std::vector<std::string> port(port_.begin(), port_.end());
    std::vector<std::vector<std::uint64_t>> base_lines(base.size());
    std::vector<std::vector<std::uint64_t>> port_lines(port.size());
    parallel_for(base.size() + port.size(), threads, [&](std::size_t i) {
      const bool of_base = i < base.size();
      auto& lines = of_base ? base_lines[i] : port_lines[i - base.size()];
      lines = hashes(of_base ? base[i] : port[i - base.size()], of_base);
    });
    // Each line of the port is counted once for every base file that holds it; lines that very
    // many files hold say nothing.
    constexpr std::size_t kCommon = 64;
    std::unordered_map<std::uint64_t, std::map<std::size_t, int>> holders;
    for (std::size_t i = 0; i < base.size(); ++i) {
      for (const std::uint64_t hash : base_lines[i]) {
        auto& files = holders[hash];
        if (files.size() <= kCommon) ++files[i];
      }
    }
    std::vector<std::tuple<double, std::size_t, std::size_t>> similar;
    for (std::size_t j = 0; j < port.size(); ++j) {
      std::unordered_map<std::uint64_t, int> counts;
      for (const std::uint64_t hash : port_lines[j]) ++counts[hash];
      std::map<std::size_t, int> shared;
      for (const auto& [hash, n] : counts) {
        const auto it = holders.find(hash);
        if (it == holders.end() || it->second.size() > kCommon) continue;
        for (const auto& [i, m] : it->second) shared[i] += std::min(n, m);
      }
      for (const auto& [i, n] : shared) {
        const double all = static_cast<double>(base_lines[i].size() + port_lines[j].size());
        if (2.0 * n >= kSimilar * all) similar.emplace_back(2.0 * n / all, i, j);
      }
    }
    std::ranges::sort(similar, [](const auto& x, const auto& y) {
      return std::tuple(-std::get<0>(x), std::get<1>(x), std::get<2>(x)) <
             std::tuple(-std::get<0>(y), std::get<1>(y), std::get<2>(y));
    });
    for (const auto& [similarity, i, j] : similar) {
      if (base_.contains(base[i]) && port_.contains(port[j])) {
        take(base[i], port[j], MatchedBy::kContent);
      }
    }
  }

  Matching result() {
    dropped_.insert(dropped_.end(), base_.begin(), base_.end());
    added_.insert(added_.end(), port_.begin(), port_.end());
    std::ranges::sort(pairs_, {}, &FileMatch::base);
    std::ranges::sort(dropped_);
    std::ranges::sort(added_);
    return {.pairs = std::move(pairs_), .dropped = std::move(dropped_), .added = std::move(added_)};
  }

 private:
  // Of the lines of both, the share that must be common: git's threshold for a renamed file.
  static constexpr double kSimilar = 0.5;

  [[noreturn]] static void missing(const std::string& path, const char* side) {
    throw std::invalid_argument(fmt::format(
        "--match: {} is not a file of the {}, or was matched before; name it by its path from the "
        "root of that side",
        path, side));
  }

  void take(const std::string& base, const std::string& port, MatchedBy by) {
    pairs_.push_back({.base = base, .port = port, .by = by});
    base_.erase(pairs_.back().base);
    port_.erase(pairs_.back().port);
  }

  Paths base_;
  Paths port_;
  std::vector<FileMatch> pairs_;
  std::vector<std::string> dropped_;
  std::vector<std::string> added_;
};

}  // namespace

std::string_view matched_by_name(MatchedBy by) {
  constexpr std::array<std::string_view, 5> kNames = {"user", "path", "stem", "name", "content"};
  return kNames.at(static_cast<std::size_t>(by));
}

std::vector<std::string> vendor_words(const std::string& model) {
  if (model == "cuda") return {"cuda", "nvidia"};
  if (model == "hip") return {"hip", "rocm", "amd"};
  if (model == "maca") return {"maca", "metax"};
  if (model == "cann") return {"cann", "ascend"};
  if (model == "bang") return {"bang", "mlu", "cambricon"};
  if (model == "sycl") return {"sycl", "dpct"};
  return {model};
}

Matching match_files(const std::vector<std::string>& base, const std::vector<std::string>& port,
                     const std::string& from, const std::string& to,
                     const MatchOverrides& overrides, const LineHashes& hashes, int threads) {
  Matcher matcher(base, port);
  matcher.overrides(overrides);
  const auto same = [](const std::string& path) { return path; };
  matcher.by_key(MatchedBy::kPath, same);
  // A port may keep its base's names, so both models' count as one on both sides.
  Words words = vendor_words(from);
  std::ranges::copy(vendor_words(to), std::back_inserter(words));
  const auto stem = [&](const std::string& path) { return stem_key(path, words); };
  const auto name_stem = [&](const std::string& path) { return stem_key(file_name(path), words); };
  matcher.by_key(MatchedBy::kStem, stem);
  matcher.by_key(MatchedBy::kName, file_name);
  matcher.by_key(MatchedBy::kName, name_stem);
  matcher.by_content(hashes, threads);
  return matcher.result();
}

}  // namespace moat
