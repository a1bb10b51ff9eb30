// SPDX-License-Identifier: Apache-2.0
#include "bench/codegen/report.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include "backends/descriptor.hpp"
#include "bench/codegen/amd.hpp"
#include "bench/codegen/device_code.hpp"
#include "bench/codegen/elf.hpp"
#include "bench/codegen/ptx.hpp"
#include "bench/codegen/ptxas.hpp"
#include "bench/port/process.hpp"

namespace moat::codegen {
namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) throw std::runtime_error(fmt::format("{} cannot be read", path.string()));
  return std::move(text).str();
}

std::string in_lower_case(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

fs::path object_of(const CompileCommand& compile) {
  const auto it = std::ranges::find(compile.command, "-o");
  if (it == compile.command.end() || std::next(it) == compile.command.end()) {
    throw std::runtime_error("its compile command names no output (-o)");
  }
  return compile.directory / *std::next(it);
}

// A file that is removed again.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view contents)
      : path_((fs::temp_directory_path() / "moat-codegen-XXXXXX").string()) {
    const int file = mkstemp(path_.data());
    if (file < 0) throw std::runtime_error(fmt::format("{} cannot be made", path_));
    close(file);
    std::ofstream(path_, std::ios::binary) << contents;
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    std::error_code ignored;
    fs::remove(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// llvm-objdump of the clang that compiled.
std::string disassemble(const CompileCommand& compile, std::string_view code_object) {
  const auto clang = std::ranges::find_if(compile.command, [](const std::string& a) {
    return fs::path(a).filename().string().find("clang") != std::string::npos;
  });
  if (clang == compile.command.end()) throw std::runtime_error("its compiler is no clang");
  std::string program =
      run_process({*clang, "--print-prog-name=llvm-objdump"}, compile.directory).out;
  while (program.ends_with('\n')) program.pop_back();
  const TemporaryFile file(code_object);
  const ProcessResult result =
      run_process({program, "-d", "--no-show-raw-insn", file.path()}, compile.directory);
  if (result.exit_code != 0) {
    throw std::runtime_error(fmt::format("{} failed: {}", program, result.err));
  }
  return result.out;
}

constexpr const char* kInstall =
    "install the CUDA Toolkit's cuda-nvdisasm or Debian's nvidia-cuda-toolkit (non-free), or set "
    "MOAT_NVDISASM, and build again";

// Nothing, and why in the report, where there is no nvdisasm or one that does not know the code.
std::map<std::string, Exponentials> exponentials(const CompileCommand& compile,
                                                 const std::string& nvdisasm,
                                                 std::string_view cubin, Report& report) {
  const auto skip = [&](const std::string& why) {
    report.not_disassembled[compile.backend] = fmt::format("{}; {}", why, kInstall);
    return std::map<std::string, Exponentials>();
  };
  if (nvdisasm.empty()) return skip("no nvdisasm was found");
  const TemporaryFile file(cubin);
  const ProcessResult result = run_process({nvdisasm, "-c", file.path()}, compile.directory);
  if (result.exit_code != 0) {
    return skip(
        fmt::format("{} failed: {}", nvdisasm, result.err.substr(0, result.err.find('\n'))));
  }
  return read_sass(result.out);
}

std::optional<EntryReport> start(const CompileCommand& compile, const std::string& architecture,
                                 const std::string& mangled) {
  const auto name = parse_entry(mangled);
  if (!name) return std::nullopt;
  EntryReport e;
  e.entry = mangled;
  e.name = *name;
  e.source = compile.kernel;
  e.backend = compile.backend;
  e.family = compile.family;
  e.architecture = architecture;
  return e;
}

void finish(EntryReport e, Report& report) {
  e.occupancy =
      occupancy(e.architecture,
                {.threads = e.threads, .registers = e.registers, .shared_bytes = e.shared_bytes()});
  report.entries.push_back(std::move(e));
}

[[noreturn]] void not_named(const std::string& mangled) {
  throw std::runtime_error(
      fmt::format("{} is no entry<Kernel, Schedule, Atoms, Args, bytes> of the tile layer; name it "
                  "in bench/codegen/entry_name.cpp",
                  mangled));
}

void collect_nvidia(const CompileCommand& compile, const fs::path& object,
                    const std::vector<DeviceCode>& codes, const std::string& nvdisasm,
                    Report& report) {
  const fs::path log = object.string() + ".ptxas";
  if (!fs::exists(log)) {
    throw std::runtime_error(
        fmt::format("{} is missing: delete {} and build again", log.string(), object.string()));
  }
  const PtxasReport ptxas = read_ptxas(read_file(log));
  if (!ptxas.messages.empty()) {
    report.messages[fmt::format("{}/{}", compile.kernel, compile.family)] = ptxas.messages;
  }
  std::map<std::string, std::map<std::string, PtxEntry>> ptx;  // architecture → entry
  std::map<std::string, std::map<std::string, int>> code_sizes;
  std::map<std::string, std::map<std::string, Exponentials>> sass;
  for (const DeviceCode& code : codes) {
    if (code.kind == CodeKind::ptx) {
      ptx[code.architecture] = read_ptx(code.bytes);
    } else if (code.kind == CodeKind::cubin) {
      constexpr std::string_view kText = ".text.";
      for (const ElfSection& section : read_elf(code.bytes).sections) {
        if (!section.name.starts_with(kText)) continue;
        code_sizes[code.architecture][section.name.substr(kText.size())] =
            static_cast<int>(section.bytes.size());
      }
      sass[code.architecture] = exponentials(compile, nvdisasm, code.bytes, report);
    }
  }
  // The cubin decides what there is; a kernel that a report misses must not vanish.
  for (const auto& [architecture, sizes] : code_sizes) {
    for (const auto& [mangled, bytes] : sizes) {
      const auto it = std::ranges::find_if(ptxas.entries, [&](const PtxasEntry& p) {
        return p.entry == mangled && p.architecture == architecture && p.complete;
      });
      if (it == ptxas.entries.end()) {
        if (!ptx[architecture].contains(mangled)) continue;  // a device function
        throw std::runtime_error(
            fmt::format("{} says nothing of {} for {}", log.string(), mangled, architecture));
      }
      auto e = start(compile, architecture, mangled);
      if (!e) not_named(mangled);
      const auto listed = ptx[architecture].find(mangled);
      if (listed == ptx[architecture].end()) {
        throw std::runtime_error(fmt::format("no PTX of {} for {}", mangled, architecture));
      }
      e->registers = it->registers;
      e->spill_store_bytes = it->spill_store_bytes;
      e->spill_load_bytes = it->spill_load_bytes;
      e->stack_bytes = it->stack_bytes;
      e->static_shared_bytes = it->static_shared_bytes;
      e->threads = listed->second.threads;
      e->min_blocks = listed->second.min_blocks;
      e->instructions = listed->second.instructions;
      if (const auto read = sass[architecture].find(mangled); read != sass[architecture].end()) {
        e->exponentials = read->second;
      } else if (!sass[architecture].empty()) {
        throw std::runtime_error(
            fmt::format("{} says nothing of {} for {}", nvdisasm, mangled, architecture));
      }
      e->code_bytes = bytes;
      finish(std::move(*e), report);
    }
  }
}

void collect_amd(const CompileCommand& compile, const std::vector<DeviceCode>& codes,
                 Report& report) {
  for (const DeviceCode& code : codes) {
    if (code.kind != CodeKind::amd) continue;
    const auto instructions = read_disassembly(disassemble(compile, code.bytes));
    for (const AmdEntry& amd : read_code_object(code.bytes)) {
      auto e = start(compile, code.architecture, amd.entry);
      if (!e) not_named(amd.entry);
      const auto listed = instructions.find(amd.entry);
      if (listed == instructions.end()) {
        throw std::runtime_error(fmt::format("no disassembly of {}", amd.entry));
      }
      e->registers = amd.vector_registers;
      e->accumulation_registers = amd.accumulation_registers;
      e->scalar_registers = amd.scalar_registers;
      e->vector_spills = amd.vector_spills;
      e->scalar_spills = amd.scalar_spills;
      e->stack_bytes = amd.stack_bytes;
      e->dynamic_stack = amd.dynamic_stack;
      e->static_shared_bytes = amd.static_shared_bytes;
      e->threads = amd.threads;
      e->instructions = listed->second;
      e->code_bytes = amd.code_bytes;
      finish(std::move(*e), report);
    }
  }
}

template <class T>
void set(Json& object, const char* key, const std::optional<T>& value) {
  if (value) object[key] = *value;
}

std::optional<int> get(const Json& object, const char* key) {
  const auto it = object.find(key);
  return it == object.end() ? std::nullopt : std::optional(it->get<int>());
}

Json instructions_json(const Instructions& i) {
  return {{"matrix", i.matrix.empty() ? Json::object() : Json(i.matrix)},
          {"global_loads", i.global_loads},
          {"global_loads_wide", i.global_loads_wide},
          {"async_copies", i.async_copies},
          {"box_copies", i.box_copies},
          {"ranged_loads", i.ranged_loads},
          {"loads_ahead", i.loads_ahead},
          {"global_stores", i.global_stores},
          {"global_stores_wide", i.global_stores_wide},
          {"shared_loads", i.shared_loads},
          {"shared_loads_wide", i.shared_loads_wide}};
}

Instructions instructions_from(const Json& j) {
  return {.matrix = j.at("matrix").get<std::map<std::string, int>>(),
          .global_loads = j.at("global_loads"),
          .global_loads_wide = j.at("global_loads_wide"),
          .async_copies = j.at("async_copies"),
          .box_copies = j.at("box_copies"),
          .ranged_loads = j.at("ranged_loads"),
          .loads_ahead = j.at("loads_ahead"),
          .global_stores = j.at("global_stores"),
          .global_stores_wide = j.at("global_stores_wide"),
          .shared_loads = j.at("shared_loads"),
          .shared_loads_wide = j.at("shared_loads_wide")};
}

// Of what is said of gemm/cdna, leaves that of `families`.
void keep_units(Report& report, const std::set<std::string>& families) {
  const auto of_others = [&](const auto& unit) {
    return !families.contains(unit.first.substr(unit.first.find('/') + 1));
  };
  std::erase_if(report.messages, of_others);
  std::erase_if(report.errors, of_others);
}

Json exponentials_json(const Exponentials& e) {
  return {{"all", e.all}, {"hidden", e.hidden}, {"late", e.late}, {"rescues", e.rescues}};
}

Exponentials exponentials_from(const Json& j) {
  return {.all = j.at("all"),
          .hidden = j.at("hidden"),
          .late = j.at("late").get<std::vector<std::string>>(),
          .rescues = j.at("rescues").get<std::vector<std::string>>()};
}

}  // namespace

std::string find_nvdisasm() {
  for (const char* program : {MOAT_NVDISASM, "nvdisasm"}) {
    if (*program == '\0') continue;
    try {
      if (run_process({program, "--version"}, fs::path("/")).exit_code == 0) {
        return program;
      }
    } catch (const std::exception&) {
      continue;  // it is not there
    }
  }
  return "";
}

Report collect(const std::vector<CompileCommand>& commands, const std::string& nvdisasm) {
  Report report;
  std::map<std::string, bool> seen;
  for (const BackendDescriptor& d : backend_descriptors()) {
    if (d.code != CodeFormat::none) seen[d.name] = false;
  }
  for (const CompileCommand& compile : commands) {
    const auto backend = seen.find(compile.backend);
    if (backend == seen.end() || compile.family.empty()) continue;
    backend->second = true;
    const std::string unit = fmt::format("{}/{}", compile.kernel, compile.family);
    const std::size_t before = report.entries.size();
    try {
      const fs::path object = object_of(compile);
      const std::string bytes = read_file(object);
      const auto codes = device_code(bytes);
      switch (backend_descriptor(compile.backend).code) {
        case CodeFormat::none:
          break;
        case CodeFormat::fatbin:
          collect_nvidia(compile, object, codes, nvdisasm, report);
          break;
        case CodeFormat::bundle:
          collect_amd(compile, codes, report);
          break;
      }
      if (report.entries.size() == before) {
        throw std::runtime_error(fmt::format("{} has no kernels in it", object.string()));
      }
    } catch (const std::exception& e) {
      report.errors[unit] = e.what();
    }
  }
  for (const auto& [backend, present] : seen) {
    if (!present) report.absent[backend] = "this build does not compile it";
  }
  std::ranges::sort(report.entries, [](const EntryReport& a, const EntryReport& b) {
    return std::tuple(a.backend, a.family, a.architecture, a.source, a.name.text()) <
           std::tuple(b.backend, b.family, b.architecture, b.source, b.name.text());
  });
  return report;
}

Report of_backends(Report report, const std::set<std::string>& backends) {
  std::erase_if(report.entries,
                [&](const EntryReport& e) { return !backends.contains(e.backend); });
  std::set<std::string> families;
  for (const BackendDescriptor& d : backend_descriptors()) {
    if (!backends.contains(d.name)) continue;
    for (const auto& family : d.families) families.insert(family.name);
  }
  keep_units(report, families);
  const auto is_other = [&](const auto& item) { return !backends.contains(item.first); };
  std::erase_if(report.absent, is_other);
  std::erase_if(report.not_disassembled, is_other);
  return report;
}

Report of_family(Report report, const std::string& backend, const std::string& family) {
  report = of_backends(std::move(report), {backend});
  std::erase_if(report.entries, [&](const EntryReport& e) { return e.family != family; });
  keep_units(report, {family});
  return report;
}

Json to_json(const Report& report) {
  Json architectures = Json::object();
  Json entries = Json::array();
  for (const EntryReport& e : report.entries) {
    architectures[e.architecture] = {
        {"backend", e.backend},
        {"family", e.family},
        {"instructions_counted_in", in_lower_case(backend_descriptor(e.backend).counted_in)},
        {"occupancy_limits", occupancy_source(e.architecture)}};
    Json j = {{"name", e.text()},
              {"source", e.source},
              {"kernel", e.name.kernel},
              {"dtype", e.name.dtype},
              {"variant", e.name.variant},
              {"schedule", e.name.schedule},
              {"architecture", e.architecture},
              {"entry", e.entry},
              {"registers", e.registers}};
    set(j, "accumulation_registers", e.accumulation_registers);
    set(j, "scalar_registers", e.scalar_registers);
    set(j, "spill_store_bytes", e.spill_store_bytes);
    set(j, "spill_load_bytes", e.spill_load_bytes);
    set(j, "vector_spills", e.vector_spills);
    set(j, "scalar_spills", e.scalar_spills);
    j["stack_bytes"] = e.stack_bytes;
    j["dynamic_stack"] = e.dynamic_stack;
    j["static_shared_bytes"] = e.static_shared_bytes;
    j["dynamic_shared_bytes"] = e.name.dynamic_shared_bytes;
    j["threads"] = e.threads;
    set(j, "min_blocks", e.min_blocks);
    j["instructions"] = instructions_json(e.instructions);
    if (e.exponentials) j["exponentials"] = exponentials_json(*e.exponentials);
    j["code_bytes"] = e.code_bytes;
    if (e.occupancy) {
      j["occupancy"] = {{"blocks", e.occupancy->blocks},
                        {"waves", e.occupancy->waves},
                        {"max_waves", e.occupancy->max_waves},
                        {"limit", e.occupancy->limit}};
    }
    entries.push_back(std::move(j));
  }
  const auto object = [](const auto& map) { return map.empty() ? Json::object() : Json(map); };
  return {{"schema", "moat-codegen"},
          {"version", 1},
          {"architectures", architectures},
          {"entries", entries},
          {"messages", object(report.messages)},
          {"errors", object(report.errors)},
          {"absent", object(report.absent)},
          {"not_disassembled", object(report.not_disassembled)}};
}

Report from_json(const Json& document) {
  Report report;
  try {
    if (document.at("schema") != "moat-codegen" || document.at("version") != 1) {
      throw std::runtime_error("no moat-codegen document of version 1; build again");
    }
    for (const Json& j : document.at("entries")) {
      const std::string architecture = j.at("architecture");
      const Json& of = document.at("architectures").at(architecture);
      EntryReport e;
      e.entry = j.at("entry");
      e.name = {.kernel = j.at("kernel"),
                .dtype = j.at("dtype"),
                .variant = j.at("variant"),
                .schedule = j.at("schedule"),
                .dynamic_shared_bytes = j.at("dynamic_shared_bytes")};
      e.source = j.at("source");
      e.backend = of.at("backend");
      e.family = of.at("family");
      e.architecture = architecture;
      e.registers = j.at("registers");
      e.accumulation_registers = get(j, "accumulation_registers");
      e.scalar_registers = get(j, "scalar_registers");
      e.spill_store_bytes = get(j, "spill_store_bytes");
      e.spill_load_bytes = get(j, "spill_load_bytes");
      e.vector_spills = get(j, "vector_spills");
      e.scalar_spills = get(j, "scalar_spills");
      e.stack_bytes = j.at("stack_bytes");
      e.dynamic_stack = j.at("dynamic_stack");
      e.static_shared_bytes = j.at("static_shared_bytes");
      e.threads = j.at("threads");
      e.min_blocks = get(j, "min_blocks");
      e.instructions = instructions_from(j.at("instructions"));
      if (const auto x = j.find("exponentials"); x != j.end()) {
        e.exponentials = exponentials_from(*x);
      }
      e.code_bytes = j.at("code_bytes");
      if (const auto o = j.find("occupancy"); o != j.end()) {
        e.occupancy = Occupancy{.blocks = o->at("blocks"),
                                .waves = o->at("waves"),
                                .max_waves = o->at("max_waves"),
                                .limit = o->at("limit")};
      }
      report.entries.push_back(std::move(e));
    }
    document.at("messages").get_to(report.messages);
    document.at("errors").get_to(report.errors);
    document.at("absent").get_to(report.absent);
    document.at("not_disassembled").get_to(report.not_disassembled);
  } catch (const Json::exception& e) {
    throw std::runtime_error(e.what());
  }
  return report;
}

}  // namespace moat::codegen
