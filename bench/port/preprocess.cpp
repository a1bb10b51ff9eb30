// SPDX-License-Identifier: Apache-2.0
#include "bench/port/preprocess.hpp"

#include <fmt/core.h>

#include <array>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string_view>

#include "bench/port/process.hpp"
#include "bench/record/strict_json.hpp"

namespace moat {
namespace {

constexpr std::array<const char*, 3> kPassOptions = {"-fdirectives-only", "-dD", "-dI"};

bool is_launcher(const std::string& program) {
  const std::string name = std::filesystem::path(program).filename().string();
  return name == "ccache" || name == "sccache" || name == "distcc" ||
         name == "keep_ptxas_report.sh";
}

// The command without launcher, outputs and dependency files.
std::vector<std::string> without_outputs(const std::vector<std::string>& command) {
  std::vector<std::string> kept;
  for (std::size_t i = 0; i < command.size(); ++i) {
    const std::string& a = command[i];
    if (kept.empty() && is_launcher(a)) continue;
    if (a == "-o" || a == "-MF" || a == "-MT" || a == "-MQ") {
      ++i;
    } else if (a != "-c" && !a.starts_with("-M") && !(a.starts_with("-o") && a.size() > 2)) {
      kept.push_back(a);
    }
  }
  return kept;
}

std::vector<std::string> offload_architectures(const std::vector<std::string>& command) {
  std::vector<std::string> found;
  for (const std::string& a : command) {
    for (const std::string_view option : {"--offload-arch=", "--cuda-gpu-arch="}) {
      if (!a.starts_with(option)) continue;
      std::istringstream list(a.substr(option.size()));
      for (std::string name; std::getline(list, name, ',');) found.push_back(name);
    }
  }
  return found;
}

std::vector<PreprocessPass> host_passes(std::vector<std::string> command) {
  command.emplace_back("-E");
  command.insert(command.end(), kPassOptions.begin(), kPassOptions.end());
  return {{.target = "host", .command = std::move(command)}};
}

std::vector<PreprocessPass> offload_passes(const std::vector<std::string>& command,
                                           const std::vector<std::string>& architectures) {
  std::vector<PreprocessPass> passes = host_passes(command);
  passes[0].command.emplace_back("--cuda-host-only");
  for (const std::string& architecture : architectures) {
    std::vector<std::string> device;
    for (const std::string& a : command) {
      if (!a.starts_with("--offload-arch=") && !a.starts_with("--cuda-gpu-arch=")) {
        device.push_back(a);
      }
    }
    device.insert(device.end(), {"--offload-arch=" + architecture, "--cuda-device-only", "-E"});
    device.insert(device.end(), kPassOptions.begin(), kPassOptions.end());
    passes.push_back({.target = architecture, .command = std::move(device)});
  }
  return passes;
}

// sm_90a from the macros that nvcc gives to a device pass; "host" without them.
std::string nvcc_target(const std::string& line) {
  static const std::regex architecture(R"(-D__CUDA_ARCH__=(\d+)0\b)");
  std::smatch match;
  if (!std::regex_search(line, match, architecture)) return "host";
  std::string name = "sm_" + match[1].str();
  if (line.find("-D__CUDA_ARCH_FEAT_SM" + match[1].str() + "_ALL") != std::string::npos) {
    name += "a";
  } else if (line.find("-D__CUDA_ARCH_FAMILY_SPECIFIC__=") != std::string::npos) {
    name += "f";
  }
  return name;
}

std::vector<PreprocessPass> nvcc_passes(const std::vector<std::string>& command,
                                        const std::filesystem::path& directory) {
  std::vector<std::string> dry = command;
  dry.insert(dry.end(), {"-c", "--dryrun"});
  const ProcessResult result = run_process(dry, directory);
  if (result.exit_code != 0) {
    throw std::runtime_error(fmt::format("{} --dryrun failed: {}", command[0], result.err));
  }
  std::vector<PreprocessPass> passes;
  bool host = false;
  std::istringstream lines(result.err);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t output = line.rfind(" -o ");
    if (!line.starts_with("#$ ") || line.find(" -E ") == std::string::npos ||
        output == std::string::npos) {
      continue;
    }
    std::string shell = line.substr(3, output - 3);
    for (const char* option : kPassOptions) shell += fmt::format(" {}", option);
    PreprocessPass pass{.target = nvcc_target(line), .command = {"/bin/sh", "-c", shell}};
    host = host || pass.target == "host";
    passes.push_back(std::move(pass));
  }
  if (!host || passes.size() < 2) {
    throw std::runtime_error(
        fmt::format("{} --dryrun names no host or no device preprocessor run", command[0]));
  }
  return passes;
}

bool is_nvcc(const std::vector<std::string>& command) {
  return !command.empty() &&
         std::filesystem::path(command[0]).filename().string().find("nvcc") != std::string::npos;
}

}  // namespace

std::vector<CompileCommand> read_manifest(const std::filesystem::path& path) {
  std::vector<CompileCommand> commands;
  const Json manifest = read_json_file(path);
  for (std::size_t i = 0; i < manifest.size(); ++i) {
    try {
      const Json& entry = manifest.at(i);
      CompileCommand c{.backend = entry.at("backend").get<std::string>(),
                       .family = entry.value("family", ""),
                       .kernel = entry.at("kernel").get<std::string>(),
                       .source = entry.at("source").get<std::string>(),
                       .directory = entry.at("directory").get<std::string>(),
                       .command = entry.at("command").get<std::vector<std::string>>()};
      if (c.kernel.empty()) c.kernel = "runtime";
      commands.push_back(std::move(c));
    } catch (const Json::exception& e) {
      throw std::runtime_error(fmt::format("{}: entry {}: {}", path.string(), i, e.what()));
    }
  }
  return commands;
}

std::vector<PreprocessPass> preprocess_passes(const CompileCommand& compile) {
  const std::vector<std::string> command = without_outputs(compile.command);
  if (command.empty()) {
    throw std::runtime_error(fmt::format("{}: empty command", compile.source.string()));
  }
  if (is_nvcc(command)) return nvcc_passes(command, compile.directory);
  const auto architectures = offload_architectures(command);
  return architectures.empty() ? host_passes(command) : offload_passes(command, architectures);
}

std::string compiler_version(const CompileCommand& compile) {
  const std::vector<std::string> command = without_outputs(compile.command);
  if (command.empty()) return "";
  const ProcessResult result = run_process({command[0], "--version"}, compile.directory);
  // nvcc begins with a copyright; its version is in the line with "release".
  std::istringstream lines(result.out);
  std::string first;
  for (std::string line; std::getline(lines, line);) {
    if (first.empty()) first = line;
    if (is_nvcc(command) && line.find("release") != std::string::npos) return line;
  }
  return first;
}

}  // namespace moat
