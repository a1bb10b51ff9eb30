// SPDX-License-Identifier: Apache-2.0
#include "bench/cases/case_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <string_view>
#include <system_error>

#include "bench/cases/case.hpp"
#include "bench/record/json_reader.hpp"

namespace moat {
namespace {

constexpr double kMostOften = 1e12;

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream text(line.substr(0, line.find('#')));
  std::vector<std::string> words;
  for (std::string word; text >> word;) words.push_back(word);
  return words;
}

double weight_of(const std::string& word) {
  double weight = 0;
  const char* end = word.data() + word.size();
  const auto [rest, error] = std::from_chars(word.data(), end, weight);
  if (error != std::errc() || rest != end || !(weight > 0 && weight <= kMostOften)) {
    throw CaseError(fmt::format(
        "'{}' is not how often the case occurs, a number above 0 and up to {}", word, kMostOften));
  }
  return weight;
}

}  // namespace

std::vector<FileCase> read_cases(std::istream& in, const std::string& name) {
  std::vector<FileCase> cases;
  std::map<std::string, int> line_of;
  int number = 0;
  constexpr int kMostWrong = 5;  // that are told
  int wrong = 0;
  std::string errors;
  for (std::string line; std::getline(in, line);) {
    if (++number == 1 && line.starts_with(kByteOrderMark)) line.erase(0, kByteOrderMark.size());
    try {
      const std::vector<std::string> words = words_of(line);
      if (words.empty()) continue;
      FileCase c{.problem = parse_case(words[0])};
      if (words.size() > 1) c.weight = weight_of(words[1]);
      if (words.size() > 2) {
        throw CaseError(fmt::format(
            "'{}' is too much: a line has a case's name and how often it occurs", words[2]));
      }
      const auto [before, is_new] = line_of.emplace(case_name(c.problem), number);
      if (!is_new) {
        throw CaseError(
            fmt::format("{} is in line {} already; a number behind its name there "
                        "tells how often it occurs",
                        before->first, before->second));
      }
      cases.push_back(std::move(c));
    } catch (const CaseError& e) {
      if (++wrong > kMostWrong) continue;
      errors +=
          fmt::format("{}{}: line {}: {}", errors.empty() ? "" : "\n", name, number, e.what());
    }
  }
  if (wrong > kMostWrong) {
    errors += fmt::format("\n{}: {} more lines are wrong", name, wrong - kMostWrong);
  }
  if (wrong > 0) throw CaseError(errors);
  if (in.bad()) throw CaseError(fmt::format("{}: cannot be read", name));
  if (cases.empty()) throw CaseError(fmt::format("{}: there is no case in it", name));
  if (std::ranges::any_of(cases, [](const FileCase& c) { return c.weight.has_value(); })) {
    for (FileCase& c : cases) c.weight = c.weight.value_or(1);
  }
  return cases;
}

std::vector<FileCase> read_case_file(const std::string& file) {
  if (file == "-") return read_cases(std::cin, "standard input");
  std::ifstream in(file);
  if (!in || std::filesystem::is_directory(file)) {
    throw CaseError(fmt::format("{}: cannot be read: {}", file,
                                std::generic_category().message(in ? EISDIR : errno)));
  }
  return read_cases(in, file);
}

}  // namespace moat
