// SPDX-License-Identifier: Apache-2.0
#include "bench/migration/diff/tree_diff.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <optional>

#include "bench/migration/source/parallel.hpp"

namespace moat {
namespace {

// Collects what several threads find.
class Collector {
 public:
  explicit Collector(TreeDiff& diff) : diff_(diff) {}

  void skip(const Skipped& what) {
    const std::scoped_lock lock(guard_);
    diff_.skipped.push_back(what);
  }
  void unlisted(const UnlistedRenames& renames) {
    const std::scoped_lock lock(guard_);
    for (const auto& [names, n] : renames) diff_.unlisted[names] += n;
  }

 private:
  TreeDiff& diff_;
  std::mutex guard_;
};

// Nothing for a file that cannot be read or is no text.
std::optional<SourceText> load(const Tree& tree, const std::string& path, const char* side,
                               Collector& found) {
  std::string text;
  try {
    text = tree.read(path);
  } catch (const std::exception& e) {
    found.skip({.path = fmt::format("{}: {}", side, path), .reason = e.what()});
    return std::nullopt;
  }
  if (is_binary(text)) {
    found.skip({.path = fmt::format("{}: {}", side, path), .reason = "binary"});
    return std::nullopt;
  }
  return make_source(std::move(text));
}

Matching match_trees(const Tree& base, const Tree& port, const DiffOptions& options) {
  MatchOverrides overrides = options.overrides;
  if (base.single_file && port.single_file) {
    overrides = {{base.paths.front(), port.paths.front()}};
  }
  // Its table may be that of another pair of models: matching must not depend on files that
  // were skipped, so what cannot be read has no lines.
  const auto hashes = [&](const std::string& path, bool of_base) {
    std::vector<std::uint64_t> lines;
    TreeDiff ignored;
    Collector nowhere(ignored);
    const auto source = load(of_base ? base : port, path, "", nowhere);
    if (!source) return lines;
    for (const CodeLine& line : source->lines) {
      lines.push_back(of_base ? renamed_hash(*source, line, options.table) : line.hash);
    }
    return lines;
  };
  return match_files(base.paths, port.paths, options.from, options.to, overrides, hashes,
                     options.threads);
}

void warn(TreeDiff& diff) {
  if (diff.pairs.empty() && diff.whole.base_sloc > 0 && diff.whole.port_sloc > 0) {
    diff.warnings.emplace_back(
        "no file of the base has a counterpart in the port: is this a port of it? --match names "
        "pairs by hand");
  }
  // Changes that name no GPU programming model are what drifting apart looks like from here.
  const ClassCount& other = diff.matched.of(PortClass::kOther);
  constexpr double kMuch = 0.3;
  if (diff.matched.base_sloc > 0 &&
      static_cast<double>(other.removed) > kMuch * static_cast<double>(diff.matched.base_sloc)) {
    diff.warnings.push_back(fmt::format(
        "the two sides may have drifted apart: {} of {} base lines differ in ways that no class "
        "explains; compare the port with the revision of the base that it was made from",
        other.removed, diff.matched.base_sloc));
  }
}

}  // namespace

int TreeDiff::edited_files() const {
  return static_cast<int>(std::ranges::count_if(pairs, &PairDiff::edited));
}

TreeDiff diff_trees(const Tree& base, const Tree& port, const DiffOptions& options) {
  TreeDiff diff;
  diff.base = base.name;
  diff.port = port.name;
  diff.from = options.from;
  diff.to = options.to;
  diff.table = options.table.name();
  diff.table_version = options.table.version();
  diff.table_names = options.table.size();
  for (const Skipped& s : base.skipped) {
    diff.skipped.push_back({.path = "base: " + s.path, .reason = s.reason});
  }
  for (const Skipped& s : port.skipped) {
    diff.skipped.push_back({.path = "port: " + s.path, .reason = s.reason});
  }
  Matching matching = match_trees(base, port, options);
  Collector found(diff);
  std::atomic<std::size_t> done{0};
  const std::size_t all = matching.pairs.size() + matching.dropped.size() + matching.added.size();
  const auto advance = [&] {
    const std::size_t now = ++done;
    if (options.progress) options.progress(now, all);
  };

  std::mutex guard;
  std::vector<std::optional<PairDiff>> pairs(matching.pairs.size());
  const auto whole = [&](const std::string& path, const SourceText& source, PortClass c) {
    const std::scoped_lock lock(guard);
    (c == PortClass::kDropped ? diff.dropped : diff.added)
        .push_back({.path = path, .counts = count_whole(source, c)});
  };
  parallel_for(pairs.size(), options.threads, [&](std::size_t i) {
    const FileMatch& files = matching.pairs[i];
    const auto a = load(base, files.base, "base", found);
    const auto b = load(port, files.port, "port", found);
    if (a && b) {
      FileDiff file = diff_sources(*a, *b, options.table);
      if (!file.unlisted.empty()) found.unlisted(file.unlisted);
      pairs[i].emplace(PairDiff{.files = files, .counts = file.counts, .removed = {}, .added = {}});
      if (options.keep_lines) {
        pairs[i]->removed = std::move(file.removed);
        pairs[i]->added = std::move(file.added);
      }
    } else if (a) {
      whole(files.base, *a, PortClass::kDropped);
    } else if (b) {
      whole(files.port, *b, PortClass::kNewFile);
    }
    advance();
  });
  parallel_for(
      matching.dropped.size() + matching.added.size(), options.threads, [&](std::size_t i) {
        const bool of_base = i < matching.dropped.size();
        const std::string& path =
            of_base ? matching.dropped[i] : matching.added[i - matching.dropped.size()];
        const auto source = load(of_base ? base : port, path, of_base ? "base" : "port", found);
        if (source) {
          whole(path, *source, of_base ? PortClass::kDropped : PortClass::kNewFile);
        }
        advance();
      });

  for (auto& pair : pairs) {
    if (!pair) continue;
    diff.matched += pair->counts;
    diff.pairs.push_back(std::move(*pair));
  }
  std::ranges::sort(diff.dropped, {}, &WholeFile::path);
  std::ranges::sort(diff.added, {}, &WholeFile::path);
  std::ranges::sort(diff.skipped, {}, &Skipped::path);
  diff.whole = diff.matched;
  for (const WholeFile& file : diff.dropped) diff.whole += file.counts;
  for (const WholeFile& file : diff.added) diff.whole += file.counts;
  warn(diff);
  return diff;
}

std::span<const PortMetric> port_metrics() {
  static constexpr std::array<PortMetric, 9> kMetrics = {{
      {"changed", "lines removed or changed", "lines of matched base files",
       [](const TreeDiff& d) { return Share{d.matched.removed, d.matched.base_sloc}; }},
      {"changed_max_side", "the larger side of each change", "lines of matched base files",
       [](const TreeDiff& d) { return Share{d.matched.max_side, d.matched.base_sloc}; }},
      {"changed_both_sides", "lines removed + lines added", "lines of matched files of both sides",
       [](const TreeDiff& d) {
         return Share{d.matched.removed + d.matched.added,
                      d.matched.base_sloc + d.matched.port_sloc};
       }},
      {"jaccard", "lines removed + lines added", "lines that either side of matched files has",
       [](const TreeDiff& d) {
         return Share{d.matched.removed + d.matched.added, d.matched.base_sloc + d.matched.added};
       }},
      {"tokens", "tokens removed + tokens added", "tokens of matched files of both sides",
       [](const TreeDiff& d) {
         return Share{d.matched.token_edits, d.matched.base_tokens + d.matched.port_tokens};
       }},
      {"changed_or_dropped", "lines removed, changed or in dropped files", "lines of the base",
       [](const TreeDiff& d) { return Share{d.whole.removed, d.whole.base_sloc}; }},
      {"whole_max_side", "the larger side of each change + dropped + new files",
       "lines of the base",
       [](const TreeDiff& d) { return Share{d.whole.max_side, d.whole.base_sloc}; }},
      {"by_hand", "lines removed or changed that renaming does not explain",
       "lines of matched base files",
       [](const TreeDiff& d) {
         std::int64_t mechanical = 0;
         for (const ClassCount& c : d.matched.classes) mechanical += c.mechanical_removed;
         return Share{d.matched.removed - mechanical, d.matched.base_sloc};
       }},
      {"mechanical", "changed lines of both sides that renaming explains",
       "changed lines of both sides of matched files",
       [](const TreeDiff& d) {
         return Share{d.matched.mechanical(), d.matched.removed + d.matched.added};
       }},
  }};
  return kMetrics;
}

const PortMetric* find_metric(std::string_view name) {
  const auto it = std::ranges::find(port_metrics(), name, &PortMetric::name);
  return it == port_metrics().end() ? nullptr : &*it;
}

}  // namespace moat
