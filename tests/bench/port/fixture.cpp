// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/port/fixture.hpp"

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "bench/record/strict_json.hpp"

namespace moat::test {

namespace fs = std::filesystem;

fs::path fixtures() { return MOAT_FIXTURES; }

std::vector<CompileCommand> suite_commands(const fs::path& root, const std::string& compiler) {
  std::vector<CompileCommand> commands;
  const auto add = [&](const std::string& backend, const std::string& kernel,
                       const std::string& source) {
    std::string macro = "-DON_" + backend;
    for (char& c : macro) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    commands.push_back(
        {.backend = backend,
         .family = "",
         .kernel = kernel,
         .source = root / source,
         .directory = root,
         .command = {"ccache", compiler, "-std=c++20", "-I.", macro,
                     "-DMOAT_BACKEND=\"backends/" + backend + "/backend.hpp\"", "-MD", "-MF", "x.d",
                     "-MT", "x.o", "-o", "x.o", "-c", (root / source).string()}});
  };
  for (const std::string backend : {"cuda", "hip", "cpu"}) {
    add(backend, "axpy", "kernels/axpy.cpp");
    add(backend, "dot", "kernels/dot.cpp");
    if (backend != "cpu") add(backend, "runtime", "backends/" + backend + "/runtime.cpp");
  }
  return commands;
}

std::vector<CompileCommand> family_commands(const fs::path& root, const std::string& compiler) {
  std::vector<CompileCommand> commands;
  for (CompileCommand& c : suite_commands(root, compiler)) {
    if (c.kernel != "runtime" && c.backend != "cpu") {
      c.family = c.backend == "cuda" ? "sm_80" : "cdna";
    }
    commands.push_back(c);
    if (c.family != "sm_80") continue;
    c.family = "sm_90a";
    c.command.insert(c.command.end(), {"-DNOBODY", "-DON_CPU"});
    commands.push_back(c);
  }
  return commands;
}

void write_manifest(const fs::path& path, const std::vector<CompileCommand>& commands) {
  Json manifest = Json::array();
  for (const auto& c : commands) {
    manifest.push_back({{"backend", c.backend},
                        {"family", c.family},
                        {"kernel", c.kernel},
                        {"source", c.source.string()},
                        {"directory", c.directory.string()},
                        {"command", c.command}});
  }
  std::ofstream(path) << manifest.dump();
}

}  // namespace moat::test
