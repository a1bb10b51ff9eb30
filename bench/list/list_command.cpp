// SPDX-License-Identifier: Apache-2.0
#include "bench/list/list_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "backends/cpu/processor.hpp"
#include "backends/cpu/sets.hpp"
#include "bench/baselines/baselines.hpp"
#include "bench/cases/case.hpp"
#include "bench/cases/case_file.hpp"
#include "bench/cases/suites.hpp"
#include "bench/record/standard_streams.hpp"
#include "bench/run/problem_options.hpp"
#include "bench/run/usage_error.hpp"
#include "bench/text/exit_codes.hpp"
#include "bench/text/suggest.hpp"

namespace moat {
namespace {

constexpr const char* kExamples =
    "examples:\n"
    "  moat list                       everything, with the number of cases of each suite\n"
    "  moat list --suite llama3-8b     the cases of this suite\n"
    "  moat list --model config.json   the cases of a model of your own\n"
    "  moat list --cases cases.txt     the cases of a file, as moat run reads them\n"
    "  moat list --json                for a program, with all cases\n"
    "\n"
    "exit codes: 0 printed, 2 bad option or value, 4 standard output could not be written\n";

bool is_case(const std::string& name) {
  try {
    parse_case(name);
    return true;
  } catch (const CaseError&) {
    return false;
  }
}

// The types of a kernel beside which some code of it may stand.
Json coded_dtypes(const Description& kernel) {
  const std::string_view shape = kernel.example.substr(kernel.example.rfind('/'));
  Json types = Json::array();
  for (const DType t : kernel.types) {
    if (std::ranges::any_of(kernel.codes, [&](Code c) {
          return is_case(fmt::format("{}/{}x{}{}", kernel.kernel, name_of(t), name_of(c), shape));
        })) {
      types.push_back(name_of(t));
    }
  }
  return types;
}

Json list_kernels() {
  Json all = Json::array();
  for (const Problem& problem : kernels()) {
    const Description kernel = describe(problem);
    Json dtypes = Json::array();
    for (const DType t : kernel.types) dtypes.push_back(name_of(t));
    Json codes = Json::array();
    for (const Code c : kernel.codes) codes.push_back(name_of(c));
    all.push_back({{"name", kernel.kernel},
                   {"kind", kind(problem)},
                   {"description", kernel.text},
                   {"dtypes", dtypes},
                   {"codes", codes},
                   {"coded_dtypes", coded_dtypes(kernel)},
                   {"shape", shape_grammar(problem)},
                   {"example", kernel.example}});
  }
  return all;
}

Json list_suite(const Suite& suite) {
  Json cases = Json::array();
  for (const auto& problem : suite.cases) cases.push_back(case_name(problem));
  return {{"name", suite.name},
          {"description", suite.description},
          {"source", suite.source},
          {"cases", cases}};
}

Json list_file(const std::string& file) {
  Json cases = Json::array();
  Json weights = Json::object();
  for (const FileCase& c : read_own_cases(file)) {
    cases.push_back(case_name(c.problem));
    if (c.weight) weights[case_name(c.problem)] = *c.weight;
  }
  const std::string name = file == "-" ? "standard input" : file;
  return {{"name", name},
          {"description", "of a file"},
          {"source", name},
          {"cases", cases},
          {"weights", weights}};
}

Json list_suites() {
  Json all = Json::array();
  for (const auto& suite : suites()) all.push_back(list_suite(suite));
  return all;
}

Json list_device(const DeviceInfo& info) {
  return {{"index", info.index},
          {"name", info.name},
          {"architecture", info.architecture},
          {"compute_units", info.compute_units},
          {"host", info.host},
          {"memory_bytes", info.memory_bytes},
          {"cache_bytes", info.cache_bytes}};
}

Json list_instruction_sets() {
  const std::string features = cpu::features_here();
  Json all = Json::array();
  for (const auto* set : cpu::instruction_sets()) {
    const auto missing = cpu::missing_features(*set, features);
    all.push_back({{"name", set->name},
                   {"architecture", set->architecture},
                   {"chosen", set == &cpu::chosen_set()},
                   {"missing", missing},
                   {"refused", missing.empty() ? cpu::refusal(*set) : ""}});
  }
  return all;
}

void add_baselines(Json& all, Device& device) {
  const std::string& backend = device.info().backend;
  const Baselines baselines = open_baselines(device);
  for (const auto& b : baselines.found) {
    all.push_back({{"name", b->name()},
                   {"backend", backend},
                   {"version", b->version()},
                   {"detail", b->detail()}});
  }
  for (const auto& y : baselines.yardsticks) {
    all.push_back({{"name", y->name()},
                   {"backend", backend},
                   {"version", __VERSION__},
                   {"detail", "a yardstick, no baseline: " + y->detail()}});
  }
  if (baselines.product) {
    all.push_back({{"name", kProductYardstick},
                   {"backend", backend},
                   {"version", __VERSION__},
                   {"detail", "a yardstick, no baseline: " + baselines.product->detail}});
  }
  for (const auto& b : baselines.absent) {
    all.push_back({{"name", b.name}, {"backend", backend}, {"skipped", b.reason}});
  }
}

std::string joined(const Json& strings) {
  std::string text;
  for (const Json& s : strings) text += (text.empty() ? "" : ", ") + s.get<std::string>();
  return text;
}

std::string text_of(const Json& object, const char* key) {
  return object.at(key).get<std::string>();
}

}  // namespace

Json listing(const std::vector<BackendEntry>& backends, const std::vector<AbsentBackend>& absent) {
  Json all_backends = Json::array();
  Json baselines = Json::array();
  for (const auto& backend : backends) {
    const DeviceList list = backend.list();
    Json entry = {{"name", backend.name}, {"devices", Json::array()}};
    for (const auto& device : list.devices) entry["devices"].push_back(list_device(device->info()));
    if (list.devices.empty()) {
      entry["skipped"] = list.skipped;
    } else {
      add_baselines(baselines, *list.devices.front());
    }
    all_backends.push_back(std::move(entry));
  }
  for (const auto& backend : absent) {
    all_backends.push_back(
        {{"name", backend.name}, {"devices", Json::array()}, {"skipped", backend.reason}});
  }
  return {{"kernels", list_kernels()},
          {"suites", list_suites()},
          {"instruction_sets", list_instruction_sets()},
          {"backends", std::move(all_backends)},
          {"baselines", std::move(baselines)}};
}

std::string suite_text(const Json& suite) {
  std::string text = fmt::format("# {}: {} cases: {}\n", text_of(suite, "name"),
                                 suite["cases"].size(), text_of(suite, "description"));
  if (suite["source"] != suite["name"]) text += fmt::format("# {}\n", text_of(suite, "source"));
  const Json weights = suite.value("weights", Json::object());
  for (const Json& c : suite["cases"]) {
    const auto name = c.get<std::string>();
    text += weights.contains(name) ? fmt::format("{} {:g}\n", name, weights[name].get<double>())
                                   : name + '\n';
  }
  return text;
}

std::string listing_text(const Json& listing) {
  std::string text = "Kernels\n";
  for (const Json& kernel : listing["kernels"]) {
    const bool of_all = kernel["coded_dtypes"] == kernel["dtypes"];
    const std::string codes = fmt::format(
        ", {} x {}", of_all ? "each" : joined(kernel["coded_dtypes"]), joined(kernel["codes"]));
    text += fmt::format("  {:<10} {} ({}{})\n             example: {}\n             shape: {}\n",
                        text_of(kernel, "name"), text_of(kernel, "description"),
                        joined(kernel["dtypes"]), kernel["codes"].empty() ? "" : codes,
                        text_of(kernel, "example"), text_of(kernel, "shape"));
  }
  text += "\nSuites\n";
  for (const Json& suite : listing["suites"]) {
    text +=
        fmt::format("  {:<13} {} cases: {}\n                source: {}\n", text_of(suite, "name"),
                    suite["cases"].size(), text_of(suite, "description"), text_of(suite, "source"));
  }
  text += "\nInstruction sets of the CPU backend (--cpu)\n";
  for (const Json& set : listing["instruction_sets"]) {
    const Json& missing = set["missing"];
    const std::string refused = text_of(set, "refused");
    const std::string name = text_of(set, "name");
    const std::string architecture = text_of(set, "architecture");
    text += fmt::format("  {:<10} {}{}{}\n", name, name == architecture ? "" : architecture,
                        set["chosen"].get<bool>() ? " (the default here)" : "",
                        missing.empty() ? (refused.empty() ? "" : " not here: " + refused)
                                        : " this processor lacks " + joined(missing));
  }
  text += "\nBackends and devices\n";
  for (const Json& backend : listing["backends"]) {
    const std::string name = text_of(backend, "name");
    if (backend.contains("skipped")) {
      text += fmt::format("  {:<8} skipped: {}\n", name, text_of(backend, "skipped"));
    }
    for (const Json& device : backend["devices"]) {
      text += fmt::format(
          "  {:<8} {} ({}, {})\n", fmt::format("{}:{}", name, device["index"].get<int>()),
          text_of(device, "name"), text_of(device, "architecture"),
          compute_units_text(device["compute_units"].get<int>(), device["host"].get<bool>()));
    }
  }
  text += "\nBaselines\n";
  for (const Json& b : listing["baselines"]) {
    if (b.contains("skipped")) {
      text += fmt::format("  {:<10} {}: absent: {}\n", text_of(b, "name"), text_of(b, "backend"),
                          text_of(b, "skipped"));
    } else {
      text += fmt::format("  {:<10} {}: {} ({})\n", text_of(b, "name"), text_of(b, "backend"),
                          text_of(b, "version"), text_of(b, "detail"));
    }
  }
  return text;
}

void add_list_command(CLI::App& app, int& exit_code) {
  struct Options {
    std::vector<std::string> suites;
    ProblemOptions model;
    bool json = false;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("list", "kernels, cases, backends, devices; what is skipped and why");
  command->footer(kExamples);
  command->add_option("--suite", options->suites, "print the cases of these suites alone");
  command->add_option("--cases", options->model.case_file, "those of a file (- for standard input)")
      ->type_name("FILE");
  add_model_options(*command, options->model, "The cases of a model");
  command->add_flag("--json", options->json, "as JSON, with all cases");
  command->callback([options, &exit_code] {
    std::vector<std::string> known;
    for (const auto& suite : suites()) known.push_back(suite.name);
    for (const auto& name : options->suites) {
      if (std::ranges::find(known, name) == known.end()) {
        throw UsageError(fmt::format("--suite: {} is not known{}", name, suggestion(name, known)));
      }
    }
    Json shown = Json::array();
    for (const auto& name : options->suites) shown.push_back(list_suite(find_suite(name)));
    Json own = Json::array();
    if (const auto model = select_model(options->model)) own.push_back(list_suite(model->suite));
    if (options->model.case_file) own.push_back(list_file(*options->model.case_file));
    for (const Json& suite : own) shown.push_back(suite);
    exit_code = kExitOk;
    if (!options->json && !shown.empty()) {
      std::string text;
      for (const Json& suite : shown) text += (text.empty() ? "" : "\n") + suite_text(suite);
      print_out(text);
      return;
    }
    Json all = listing(backends(), absent_backends());
    for (Json& suite : own) all["suites"].push_back(std::move(suite));
    print_out(options->json ? dump_strict(all) : listing_text(all));
  });
}

}  // namespace moat
