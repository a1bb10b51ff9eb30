// SPDX-License-Identifier: Apache-2.0
#include "bench/compare/record_set.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>
#include <tuple>
#include <utility>

#include "bench/compare/shares.hpp"
#include "bench/record/file.hpp"
#include "bench/record/say.hpp"
#include "bench/run/usage_error.hpp"

namespace moat {
namespace {

namespace fs = std::filesystem;

std::string read_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) {
    const int error = errno != 0 ? errno : EIO;
    throw RecordError(fmt::format("{}: cannot be read: {}", path.string(),
                                  std::generic_category().message(error)));
  }
  return text;
}

// What a document says that it is, if that is something else than a record: the porting record, a
// JSON Schema. "" of a record, and of what does not tell.
std::string other_kind(const Json& document) {
  if (!document.is_object()) return "";
  for (const char* key : {"schema", "$schema"}) {
    const auto at = document.find(key);
    if (at != document.end() && at->is_string() && *at != kRecordSchema) {
      return at->get<std::string>();
    }
  }
  return "";
}

// The same for documents that differ in the order of their members and in blanks.
std::size_t content_hash(const Json& document) {
  return std::hash<nlohmann::json>()(nlohmann::json(document));
}

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && entry.path().extension() == ".json") {
      files.push_back(entry.path());
    }
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace

std::vector<NamedRecord> read_records(
    const std::vector<fs::path>& paths,
    const std::function<void(std::size_t, std::size_t)>& on_file) {
  std::vector<std::pair<fs::path, bool>> files;  // and whether it was found in a folder
  try {
    for (const auto& path : paths) {
      if (!fs::is_directory(path)) {
        files.emplace_back(path, false);
        continue;
      }
      for (auto& file : files_in(path)) files.emplace_back(std::move(file), true);
    }
  } catch (const fs::filesystem_error& e) {
    throw RecordError(
        fmt::format("{}: cannot be read: {}", e.path1().string(), e.code().message()));
  }

  std::vector<NamedRecord> records;
  std::set<fs::path> seen;
  std::set<std::size_t> contents;
  std::vector<std::string> left_out;  // documents that are no records
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto& [path, found] = files[i];
    on_file(i, files.size());
    const std::string text = read_text(path);
    // A pipe, as of a shell's <(…), has no such name.
    std::error_code nameless;
    const fs::path name = fs::weakly_canonical(path, nameless);
    if (!seen.insert(nameless ? path : name).second) continue;
    try {
      Json document = parse_strict(text);
      // A pattern such as results/*/*.json names other documents of moat too.
      if (const std::string kind = other_kind(document);
          !kind.empty() && (found || kind.starts_with("moat-"))) {
        left_out.push_back(fmt::format("{} ({})", path.string(), kind));
        continue;
      }
      // A copy is no second run.
      if (!contents.insert(content_hash(document)).second) continue;
      records.push_back({path.string(), read_record(std::move(document))});
      recompute_shares(records.back().record);
    } catch (const JsonError& e) {
      throw RecordError(e.pointer().empty() ? fmt::format("{}: no record of moat run: {}",
                                                          path.string(), e.reason())
                                            : fmt::format("{}: {}", path.string(), e.what()));
    }
  }
  if (!left_out.empty()) {
    say("moat: {} document{} of other schemas than {} left out, {}: {}\n", left_out.size(),
        left_out.size() == 1 ? "" : "s", kRecordSchema, left_out.size() == 1 ? "it is" : "such as",
        left_out.front());
  }
  if (records.empty()) {
    std::string names;
    for (const auto& path : paths) names += (names.empty() ? "" : ", ") + path.string();
    throw RecordError(fmt::format("{}: no record there; moat run writes them", names));
  }
  std::ranges::stable_sort(
      records, {}, [](const NamedRecord& r) { return std::tie(r.record.run.started, r.path); });
  return records;
}

void require_no_input(const fs::path& out, const std::vector<fs::path>& paths) {
  for (const auto& path : paths) {
    if (fs::is_regular_file(path) && same_output(out, path)) {
      throw UsageError(
          fmt::format("{} is one of the records: write to another file", out.string()));
    }
  }
}

}  // namespace moat
