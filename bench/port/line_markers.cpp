// SPDX-License-Identifier: Apache-2.0
#include "bench/port/line_markers.hpp"

#include <charconv>
#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "bench/migration/source/sloc.hpp"

namespace moat {
namespace {

namespace fs = std::filesystem;

struct Marker {
  int line = 0;
  std::optional<std::string> file;
};

// The name between quotes; compilers escape '"' and '\', and other bytes in octal.
std::string unescape(std::string_view quoted) {
  std::string name;
  for (std::size_t i = 0; i < quoted.size() && quoted[i] != '"'; ++i) {
    if (quoted[i] != '\\' || i + 1 == quoted.size()) {
      name.push_back(quoted[i]);
      continue;
    }
    int value = 0;
    std::size_t digits = 0;
    while (digits < 3 && i + 1 + digits < quoted.size() && quoted[i + 1 + digits] >= '0' &&
           quoted[i + 1 + digits] <= '7') {
      value = value * 8 + (quoted[i + 1 + digits++] - '0');
    }
    name.push_back(digits > 0 ? static_cast<char>(value) : quoted[i + 1]);
    i += digits > 0 ? digits : 1;
  }
  return name;
}

std::optional<Marker> parse_marker(std::string_view line) {
  if (!line.starts_with("#")) return std::nullopt;
  line.remove_prefix(1);
  if (line.starts_with("line")) line.remove_prefix(4);
  if (!line.starts_with(" ")) return std::nullopt;
  line.remove_prefix(1);
  Marker marker;
  const auto [rest, error] = std::from_chars(line.data(), line.data() + line.size(), marker.line);
  if (error != std::errc{}) return std::nullopt;
  line.remove_prefix(static_cast<std::size_t>(rest - line.data()));
  if (line.starts_with(" \"")) marker.file = unescape(line.substr(2));
  return marker;
}

}  // namespace

MarkedLines read_line_markers(std::string_view output,
                              const std::function<std::string(const std::string&)>& name_of) {
  MarkedLines marked;
  const std::vector<SourceLine> kinds = classify_lines(output);
  std::set<int>* lines = nullptr;
  int number = 1;
  for (const SourceLine& kind : kinds) {
    const std::size_t end = output.find('\n', 0);
    const std::string_view text = output.substr(0, end);
    output.remove_prefix(end == std::string_view::npos ? output.size() : end + 1);

    const bool markers = !kind.in_literal && !kind.in_comment;
    if (const auto marker = markers ? parse_marker(text) : std::nullopt) {
      number = marker->line;
      if (marker->file) {
        const std::string name = name_of(*marker->file);
        lines = name.empty() ? nullptr : &marked[name];
      }
      continue;
    }
    if (lines != nullptr && number > 0 &&
        text.find_first_not_of(" \t\r\v\f") != std::string_view::npos) {
      lines->insert(number);
    }
    ++number;
  }
  return marked;
}

std::function<std::string(const std::string&)> names_within(const fs::path& root,
                                                            const fs::path& excluded,
                                                            const fs::path& directory) {
  const fs::path top = fs::weakly_canonical(root);
  const fs::path out = excluded.empty() ? fs::path() : fs::weakly_canonical(excluded);
  const auto inside = [](const fs::path& file, const fs::path& folder) {
    const fs::path relative = file.lexically_relative(folder);
    return !relative.empty() && *relative.begin() != "..";
  };
  auto known = std::make_shared<std::map<std::string, std::string>>();
  return [=](const std::string& spelled) {
    if (const auto it = known->find(spelled); it != known->end()) return it->second;
    std::string name;
    if (!spelled.empty() && spelled.front() != '<') {
      const fs::path file = fs::weakly_canonical(directory / spelled);
      if (inside(file, top) && (out.empty() || !inside(file, out))) {
        // GCC names the working directory itself, "/build//", with -g.
        if (!fs::is_directory(file)) name = file.lexically_relative(top).generic_string();
      }
    }
    known->emplace(spelled, name);
    return name;
  };
}

}  // namespace moat
