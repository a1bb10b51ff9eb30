// SPDX-License-Identifier: Apache-2.0
#include "tests/executors/hip_runtime/interpreter.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "tests/executors/amd/decode.hpp"
#include "tests/executors/amd/fault.hpp"
#include "tests/executors/settings.hpp"

namespace moat::hip_runtime {
namespace {

using amdgcn::Fault;

constexpr std::size_t kAlignment = 256;

constexpr std::array kArchitectures{"gfx90a", "gfx942", "gfx1100"};

std::string setting_or(const char* name, const char* otherwise) {
  const std::string_view value = setting(name);
  return std::string(value.empty() ? otherwise : value);
}

// Throws std::invalid_argument for one that the executor does not know.
std::string wanted_architecture() {
  constexpr const char* kName = "MOAT_INTERPRETED_GPU";
  std::string wanted = setting_or(kName, "gfx942");
  if (std::ranges::find(kArchitectures, wanted) != kArchitectures.end()) return wanted;
  std::string known;
  for (const char* const architecture : kArchitectures) known += std::string(" ") + architecture;
  throw std::invalid_argument(std::string(kName) + " is '" + wanted + "', not one of" + known);
}

}  // namespace

Interpreter& Interpreter::instance() {
  // Never destroyed: bundles are unregistered when the process ends.
  static auto* const only = [] {
    try {
      return new Interpreter;
    } catch (const std::invalid_argument& e) {
      refuse(e);
    }
  }();
  return *only;
}

Interpreter::Interpreter()
    : architecture_(wanted_architecture()),
      objdump_(setting_or("MOAT_LLVM_OBJDUMP", MOAT_DEFAULT_LLVM_OBJDUMP)),
      units_(number_setting("MOAT_INTERPRETED_UNITS", architecture_.starts_with("gfx9") ? 4 : 2)),
      memory_bytes_(static_cast<std::size_t>(number_setting("MOAT_INTERPRETED_MEMORY", 4096))
                    << 20),
      reports_(std::getenv("MOAT_INTERPRETER_SPEED") != nullptr) {}

void** Interpreter::add_bundle(const void* bundle) {
  bundles_.push_back(std::make_unique<Bundle>());
  bundles_.back()->data = bundle;
  return reinterpret_cast<void**>(bundles_.back().get());
}

void Interpreter::remove_bundle(void** handle) {
  std::erase_if(kernels_,
                [&](const auto& k) { return reinterpret_cast<void**>(k.second.bundle) == handle; });
  std::erase_if(bundles_,
                [&](const auto& b) { return reinterpret_cast<void**>(b.get()) == handle; });
}

void Interpreter::add_kernel(void** handle, const void* entry, std::string name) {
  kernels_[entry] = {.bundle = reinterpret_cast<Bundle*>(handle), .name = std::move(name)};
}

void* Interpreter::allocate(std::size_t bytes) {
  if (bytes > memory_bytes_ - allocated_bytes_) return nullptr;
  SeparateMemory storage = separate_memory(bytes + kAlignment);
  if (storage == nullptr) return nullptr;
  // Aligned no better than is promised.
  void* const p = storage.get() + kAlignment;
  // What a kernel reads before it is written is NaN.
  std::memset(p, 0xff, bytes);
  allocations_.emplace(p, Allocation{bytes, std::move(storage)});
  allocated_bytes_ += bytes;
  memory_.add(p, bytes);
  return p;
}

bool Interpreter::release(void* p) {
  const auto found = allocations_.find(p);
  if (found == allocations_.end()) return false;
  allocated_bytes_ -= found->second.bytes;
  memory_.remove(p);
  allocations_.erase(found);
  return true;
}

bool Interpreter::contains(const void* p, std::size_t bytes) const {
  return memory_.contains(reinterpret_cast<std::uintptr_t>(p), bytes);
}

void Interpreter::set_patches(std::vector<Patch> patches) {
  patches_ = std::move(patches);
  for (const auto& bundle : bundles_) {
    bundle->object.reset();
    bundle->programs.clear();
  }
}

const amdgcn::Program& Interpreter::program(const Kernel& kernel) {
  Bundle& bundle = *kernel.bundle;
  if (!bundle.object) {
    std::string built_for;
    for (const amdgcn::Bundled& b : amdgcn::read_bundle(bundle.data)) {
      built_for += " " + b.architecture;
      if (b.architecture != architecture_) continue;
      bundle.object = std::make_unique<amdgcn::CodeObject>(
          amdgcn::read_code_object(architecture_, std::string(b.bytes)));
    }
    if (!bundle.object) throw Fault("no code for " + architecture_ + ", only for" + built_for);
    for (const Patch& patch : patches_) {
      if (bundle.object->find(patch.kernel) == nullptr) continue;
      std::memcpy(bundle.object->bytes.data() + amdgcn::file_offset(*bundle.object, patch.address),
                  patch.words.data(), patch.words.size() * sizeof(std::uint32_t));
    }
  }
  std::unique_ptr<amdgcn::Program>& program = bundle.programs[kernel.name];
  if (!program) {
    const amdgcn::KernelInfo* const info = bundle.object->find(kernel.name);
    if (info == nullptr) throw Fault("the code object has no kernel " + kernel.name);
    auto lines = amdgcn::disassemble(*bundle.object, kernel.name, objdump_);
    program = std::make_unique<amdgcn::Program>(amdgcn::decode(*bundle.object, *info, lines));
    lines_[kernel.name] = std::move(lines);
  }
  return *program;
}

Interpreter::Decoded Interpreter::decode_all() {
  Decoded all;
  for (const auto& [entry, kernel] : kernels_) {
    const auto bundled = amdgcn::read_bundle(kernel.bundle->data);
    if (std::ranges::find(bundled, architecture_, &amdgcn::Bundled::architecture) ==
        bundled.end()) {
      continue;
    }
    const amdgcn::Program& decoded = program(kernel);
    ++all.kernels;
    for (const std::string& line : decoded.unknown) {
      all.unknown.push_back(kernel.name + " " + line);
    }
  }
  return all;
}

void Interpreter::launch(const void* entry, const amdgcn::Size3& blocks,
                         const amdgcn::Size3& threads, std::size_t dynamic_lds_bytes,
                         void** arguments) {
  const auto found = kernels_.find(entry);
  if (found == kernels_.end()) throw Fault("the function is no registered kernel");
  const amdgcn::Program& code = program(found->second);
  amdgcn::Launch launch{.program = &code,
                        .blocks = blocks,
                        .threads = threads,
                        .dynamic_lds_bytes = static_cast<std::uint32_t>(dynamic_lds_bytes),
                        .arguments = {},
                        .instruction_limit = instruction_limit_};
  for (const amdgcn::Argument& a : code.kernel->arguments) {
    if (!a.kind.starts_with("hidden_")) launch.arguments.push_back(*arguments++);
  }
  if (executed_ != nullptr) {
    Executed& e = (*executed_)[found->second.name];
    e.lines = lines_[found->second.name];
    machine_.run(launch, &e.trace);
    return;
  }
  const std::clock_t start = std::clock();
  const std::uint64_t instructions = machine_.run(launch);
  if (!reports_) return;
  const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  std::fprintf(stderr, "%llu wave instructions in %.4f s: %s\n",
               static_cast<unsigned long long>(instructions), seconds, found->second.name.c_str());
}

}  // namespace moat::hip_runtime
