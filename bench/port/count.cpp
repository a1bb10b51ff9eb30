// SPDX-License-Identifier: Apache-2.0
#include "bench/port/count.hpp"

#include <fmt/core.h>
#include <git2.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

#include "bench/migration/source/parallel.hpp"
#include "bench/migration/source/sloc.hpp"
#include "bench/port/conditional_groups.hpp"
#include "bench/port/line_markers.hpp"
#include "bench/port/process.hpp"

namespace moat {
namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error(fmt::format("cannot read {}", path.string()));
  return {std::istreambuf_iterator<char>(in), {}};
}

// A source and what its conditional groups are.
struct Source {
  std::vector<SourceLine> lines;
  ConditionalGroups groups;
  SourceFile file;
};

Source read_source(const std::filesystem::path& path) {
  const std::string text = read_file(path);
  Source source;
  source.lines = classify_lines(text);
  source.groups = conditional_groups(source.lines);
  source.file = {.blob = blob_hash(text), .code = count_code(source.lines)};
  return source;
}

// Adds the lines of code in groups of which at least one line was marked; false if there are none.
bool add_compiled(const std::string& name, const Source& source, const std::set<int>& marked,
                  LineSet& lines) {
  std::vector<bool> compiled(source.groups.parent.size());
  compiled[0] = true;
  for (const int number : marked) {
    const auto i = static_cast<std::size_t>(number) - 1;
    if (i < source.lines.size()) source.groups.mark(source.groups.of_line[i], compiled);
  }
  bool any = false;
  for (std::size_t i = 0; i < source.lines.size(); ++i) {
    if (source.lines[i].code && compiled[static_cast<std::size_t>(source.groups.of_line[i])]) {
      lines.insert({name, static_cast<int>(i) + 1});
      any = true;
    }
  }
  return any;
}

struct Pass {
  std::size_t command = 0;  // index among the commands
  PreprocessPass pass;
};

// What the workers gather, under one lock.
struct Gathered {
  std::mutex mutex;
  std::vector<Pass> passes;
  // Backend or family, and kernel.
  std::map<std::pair<std::string, std::string>, MarkedLines> marked;
  std::map<std::string, std::set<std::string>> targets;
  std::map<std::string, std::string> errors;
};

int threads() { return static_cast<int>(std::max(2u, std::thread::hardware_concurrency())); }

// Which kernel a file of kernels/ or problems/ is named after; "" for what kernels share and other
// files.
std::string kernel_of(const std::string& file, const std::map<std::string, LineSet>& units) {
  const std::filesystem::path path(file);
  const std::filesystem::path folder = path.parent_path();
  if (folder != "kernels" && folder != "problems") return "";
  const std::string stem = path.stem().string();
  return units.contains(stem) ? stem : "";
}

// A kernel's own files count for that kernel alone: a backend's table of tile sizes names every
// kernel's problem, so that each kernel's build reads the headers of all.
void drop_other_kernels(std::map<std::string, LineSet>& units) {
  for (auto& [unit, lines] : units) {
    std::erase_if(lines, [&](const Line& line) {
      const std::string owner = kernel_of(line.file, units);
      return !owner.empty() && owner != unit;
    });
  }
}

std::string first_error(const std::string& text) {
  const std::size_t at = text.find("error:");
  const std::size_t begin = at == std::string::npos ? 0 : text.rfind('\n', at) + 1;
  return text.substr(begin, text.find('\n', begin) - begin);
}

std::string family_name(const CompileCommand& compile) {
  return fmt::format("{}/{}", compile.backend, compile.family);
}

// The backend and the families that the command belongs to: without a family of its own, all.
std::set<std::string> names_of(const CompileCommand& compile,
                               const std::vector<CompileCommand>& commands) {
  std::set<std::string> names = {compile.backend};
  for (const CompileCommand& other : commands) {
    if (other.backend != compile.backend || other.family.empty()) continue;
    if (compile.family.empty() || compile.family == other.family) names.insert(family_name(other));
  }
  return names;
}

void run_pass(const CompileCommand& compile, const std::set<std::string>& names,
              const PreprocessPass& pass, const std::filesystem::path& root,
              const std::filesystem::path& build, Gathered& gathered) {
  const ProcessResult result = run_process(pass.command, compile.directory);
  if (result.exit_code != 0) {
    throw std::runtime_error(fmt::format("preprocessing {} for {} failed: {}",
                                         compile.source.string(), pass.target,
                                         first_error(result.err)));
  }
  const MarkedLines marked =
      read_line_markers(result.out, names_within(root, build, compile.directory));
  const std::lock_guard lock(gathered.mutex);
  for (const std::string& name : names) {
    gathered.targets[name].insert(pass.target);
    MarkedLines& all = gathered.marked[{name, compile.kernel}];
    for (const auto& [file, numbers] : marked) all[file].insert(numbers.begin(), numbers.end());
  }
}

}  // namespace

bool is_family(std::string_view name) { return name.find('/') != std::string_view::npos; }

std::string backend_of(std::string_view name) {
  return std::string(name.substr(0, name.find('/')));
}

LineSet BackendLines::all() const {
  LineSet result;
  for (const auto& [unit, lines] : units) result.insert(lines.begin(), lines.end());
  return result;
}

std::string blob_hash(const std::string& contents) {
  git_libgit2_init();  // counted: cheap after the first call
  git_oid id;
  if (git_odb_hash(&id, contents.data(), contents.size(), GIT_OBJECT_BLOB) != 0) {
    throw std::runtime_error("libgit2 could not hash a source");
  }
  std::string text(GIT_OID_HEXSZ, '\0');
  git_oid_fmt(text.data(), &id);
  return text;
}

Count count_lines(const std::vector<CompileCommand>& commands, const std::filesystem::path& root,
                  const std::filesystem::path& build) {
  Gathered gathered;
  const auto guarded = [&](std::size_t command, auto work) {
    try {
      work();
    } catch (const std::exception& e) {
      const std::lock_guard lock(gathered.mutex);
      gathered.errors.emplace(commands[command].backend, e.what());
    }
  };
  parallel_for(commands.size(), threads(), [&](std::size_t i) {
    guarded(i, [&] {
      auto passes = preprocess_passes(commands[i]);
      const std::lock_guard lock(gathered.mutex);
      for (auto& pass : passes) gathered.passes.push_back({i, std::move(pass)});
    });
  });
  parallel_for(gathered.passes.size(), threads(), [&](std::size_t i) {
    const auto& [command, pass] = gathered.passes[i];
    guarded(command, [&] {
      const CompileCommand& compile = commands[command];
      run_pass(compile, names_of(compile, commands), pass, root, build, gathered);
    });
  });

  Count count;
  count.errors = gathered.errors;
  std::map<std::string, Source> sources;
  for (const auto& [unit, files] : gathered.marked) {
    const auto& [port, kernel] = unit;
    if (count.errors.contains(backend_of(port))) continue;
    BackendLines& lines = count.backends[port];
    LineSet& compiled = lines.units[kernel];
    for (const auto& [name, marked] : files) {
      auto it = sources.find(name);
      if (it == sources.end()) it = sources.emplace(name, read_source(root / name)).first;
      if (add_compiled(name, it->second, marked, compiled)) count.files[name] = it->second.file;
    }
    const auto& targets = gathered.targets[port];
    lines.targets.assign(targets.begin(), targets.end());
  }
  for (auto& [port, lines] : count.backends) drop_other_kernels(lines.units);
  for (const auto& command : commands) {
    for (const std::string& name : {command.backend, family_name(command)}) {
      const auto it = count.backends.find(name);
      if (it != count.backends.end() && it->second.compiler.empty()) {
        it->second.compiler = compiler_version(command);
      }
    }
  }
  return count;
}

}  // namespace moat
