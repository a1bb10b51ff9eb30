// SPDX-License-Identifier: Apache-2.0
#include "bench/plugin/describe.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string_view>
#include <system_error>

#include "bench/cases/case.hpp"
#include "bench/plugin/child.hpp"
#include "bench/plugin/sha256.hpp"
#include "bench/record/strict_json.hpp"

namespace moat {
namespace {

// What dlopen says of a text file would not help.
void require_shared_library(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) throw PluginError("there is no such file");
  std::array<char, 18> head{};
  std::ifstream stream(file, std::ios::binary);
  stream.read(head.data(), head.size());
  constexpr char kSharedObject = 3;  // ET_DYN, in e_type behind the 16 bytes of e_ident
  const bool elf = std::string_view(head.data(), 4) ==
                   "\x7f"
                   "ELF";
  if (!stream || !elf || (head[16] != kSharedObject && head[17] != kSharedObject)) {
    throw PluginError("it is not a shared library");
  }
}

std::string place_of(const DeviceInfo& info) {
  return fmt::format("{}:{}", info.backend, info.index);
}

}  // namespace

DescribedPlugin describe_plugin(const std::filesystem::path& file,
                                const std::vector<DeviceInfo>& devices, int threads,
                                const std::vector<Problem>& problems, double seconds) {
  require_shared_library(file);
  DescribedPlugin plugin;
  plugin.file = file;
  plugin.sha256 = sha256_of_file(file);
  Json question = {{"threads", threads}, {"devices", Json::array()}, {"cases", Json::array()}};
  for (const DeviceInfo& d : devices) {
    question["devices"].push_back({{"backend", d.backend},
                                   {"index", d.index},
                                   {"architecture", d.architecture},
                                   {"compute_units", d.compute_units},
                                   {"host", d.host}});
  }
  for (const Problem& p : problems) question["cases"].push_back(case_name(p));
  const ChildResult child = run_child({.arguments = {"run", "--plugin", file.string()},
                                       .option = "--plugin-describe",
                                       .input = question.dump(),
                                       .call_seconds = seconds});
  if (!child.good) throw PluginError(fmt::format("asked what it solves, it {}", child.end));
  const Json answer = parse_strict(child.result);
  if (answer.contains("error")) throw PluginError(answer.at("error").get<std::string>());
  PluginDescription& d = plugin.description;
  d.name = answer.at("name");
  d.version = answer.at("version");
  d.backend = answer.at("backend");
  d.sources = answer.at("sources");
  for (const Json& s : answer.at("solves")) {
    d.solves.push_back(
        {.problem = s.at("problem"), .types = s.at("types"), .limits = s.at("limits")});
  }
  plugin.answers = answer.at("answers");
  return plugin;
}

int answer_for_plugin(const std::filesystem::path& file, const std::string& descriptors) {
  const Descriptors to = parse_descriptors(descriptors);
  Json answer;
  try {
    const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
    const Json question = parse_strict(text);
    const Plugin plugin(file, 0, map_watch_page(to.watch));
    const PluginDescription& d = plugin.description();
    answer = {{"name", d.name},       {"version", d.version},    {"backend", d.backend},
              {"sources", d.sources}, {"solves", Json::array()}, {"answers", Json::object()}};
    for (const auto& s : d.solves) {
      answer["solves"].push_back(
          {{"problem", s.problem}, {"types", s.types}, {"limits", s.limits}});
    }
    for (const Json& on : question.at("devices")) {
      DeviceInfo info;
      info.backend = on.at("backend");
      info.index = on.at("index");
      info.architecture = on.at("architecture");
      info.compute_units = on.at("compute_units");
      info.host = on.at("host");
      Json& answers = answer["answers"][place_of(info)] = Json::object();
      for (const Json& name : question.at("cases")) {
        const std::string text_of_case = name;
        answers[text_of_case] =
            plugin.unsupported(info, question.at("threads"), read_case(text_of_case)).value_or("");
      }
    }
  } catch (const PluginError& e) {
    answer = {{"error", e.what()}};
  }
  write_to(to.result, dump_strict(answer));
  return 0;
}

Descriptors parse_descriptors(const std::string& text) {
  Descriptors d;
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, d.result);
  if (first.ec == std::errc() && first.ptr != end && *first.ptr == ',') {
    const auto second = std::from_chars(first.ptr + 1, end, d.watch);
    if (second.ec == std::errc() && second.ptr == end) return d;
  }
  throw std::invalid_argument(text + " is not RESULT,WATCH");
}

void write_to(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw std::system_error(errno, std::generic_category(), "result of a child process");
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::string DescribedBaseline::detail() const {
  return fmt::format("plug-in {}, SHA-256 {}", plugin_.file.filename().string(), plugin_.sha256);
}

std::optional<std::string> DescribedBaseline::unsupported(const Problem& problem) const {
  const std::string& why = plugin_.answers.at(device_).at(case_name(problem));
  return why.empty() ? std::nullopt : std::optional(why);
}

std::function<void(const Problem&)> DescribedBaseline::prepare(const Problem&) {
  throw std::logic_error("a plug-in runs in a process of its own");
}

}  // namespace moat
