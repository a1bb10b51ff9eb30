// SPDX-License-Identifier: Apache-2.0
#include "bench/plugin/plugin.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstring>
#include <sstream>
#include <string_view>
#include <utility>

#include "bench/cases/case.hpp"
#include "bench/plugin/problem_view.hpp"
#include "include/moat/plugin.h"

namespace moat {
namespace {

constexpr const char* kEntry = "moat_plugin";

// The problems that a plug-in may declare, by the names of their kernels.
std::vector<std::string> declarable() {
  std::vector<std::string> names;
  for (const Problem& p : kernels()) {
    const std::string name(kernel_name(p));
    if (why_no_view(p).empty() && std::ranges::find(names, name) == names.end()) {
      names.push_back(name);
    }
  }
  return names;
}

std::vector<std::string> words(const char* text) {
  std::istringstream stream(text != nullptr ? text : "");
  std::vector<std::string> found;
  for (std::string word; stream >> word;) found.push_back(word);
  return found;
}

// The types of a case as its name has them: bf16xint4.
std::string types_of(const Problem& problem) {
  const std::string name = case_name(problem);
  const std::size_t begin = name.find('/') + 1;
  return name.substr(begin, name.find('/', begin) - begin);
}

std::string text_or_empty(const char* text) { return text != nullptr ? text : ""; }

void require_name(const std::string& name) {
  const bool plain = std::ranges::all_of(name, [](unsigned char c) {
    return std::islower(c) != 0 || std::isdigit(c) != 0 || c == '-' || c == '_';
  });
  if (name.empty() || !plain) {
    throw PluginError(fmt::format(
        "it calls itself '{}'; a name is of lower case letters, digits, - and _", name));
  }
}

// A struct as far as both sides know it.
template <class T>
T known_part(const T* given, std::uint32_t size) {
  T copy{};
  std::memcpy(&copy, given, std::min<std::size_t>(size, sizeof copy));
  return copy;
}

PluginDescription describe_table(const MoatPlugin& table) {
  PluginDescription d;
  d.name = text_or_empty(table.name);
  require_name(d.name);
  d.version = text_or_empty(table.version);
  d.backend = text_or_empty(table.backend);
  if (d.version.empty()) throw PluginError("it has no version");
  if (d.backend.empty()) throw PluginError("it names no backend");
  for (const char* const* s = table.sources; s != nullptr && *s != nullptr; ++s) {
    d.sources.emplace_back(*s);
  }
  const std::vector<std::string> known = declarable();
  for (const MoatSolves* const* s = table.solves; s != nullptr && *s != nullptr; ++s) {
    const MoatSolves solves = known_part(*s, (*s)->size);
    PluginDescription::Solves one{.problem = text_or_empty(solves.problem),
                                  .types = words(solves.types),
                                  .limits = text_or_empty(solves.limits)};
    if (std::ranges::find(known, one.problem) == known.end()) {
      throw PluginError(fmt::format("it declares '{}', which is no problem of moat/plugin.h: {}",
                                    one.problem, fmt::join(known, ", ")));
    }
    if (one.types.empty()) throw PluginError(fmt::format("it declares {} in no type", one.problem));
    d.solves.push_back(std::move(one));
  }
  if (d.solves.empty()) throw PluginError("it declares that it solves nothing");
  return d;
}

MoatDevice device_view(const DeviceInfo& info, int threads, void* stream) {
  return {.size = sizeof(MoatDevice),
          .index = info.index,
          .backend = info.backend.c_str(),
          .architecture = info.architecture.c_str(),
          .stream = stream,
          .threads = threads,
          .compute_units = info.compute_units};
}

// The problem without its pointers.
Problem shape_of(const Problem& problem) { return read_case(case_name(problem)); }

}  // namespace

std::string solves_text(const PluginDescription& description) {
  std::vector<std::string> all;
  for (const auto& s : description.solves) {
    all.push_back(fmt::format("{} ({}{}{})", s.problem, fmt::join(s.types, ", "),
                              s.limits.empty() ? "" : "; ", s.limits));
  }
  return fmt::format("{}", fmt::join(all, ", "));
}

Plugin::Plugin(const std::filesystem::path& file, int index, WatchPage* page)
    : index_(index), page_(page) {
  const WatchedCall call(page_, index_);
  // A name without a slash would be looked for where the system's libraries are.
  void* const handle = dlopen(std::filesystem::absolute(file).c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) throw PluginError(fmt::format("it cannot be loaded: {}", dlerror()));
  auto* const entry = reinterpret_cast<decltype(&moat_plugin)>(dlsym(handle, kEntry));
  if (entry == nullptr) {
    throw PluginError(
        fmt::format("it has no function {}; moat/plugin.h says what it returns", kEntry));
  }
  const MoatPlugin* const given = entry(MOAT_PLUGIN_MAJOR, MOAT_PLUGIN_MINOR);
  if (given == nullptr) {
    throw PluginError(fmt::format("it does not fit version {}.{} of moat/plugin.h",
                                  MOAT_PLUGIN_MAJOR, MOAT_PLUGIN_MINOR));
  }
  if (given->major != MOAT_PLUGIN_MAJOR) {
    throw PluginError(
        fmt::format("it was built with version {}.{} of moat/plugin.h, and this is {}.{}: build it "
                    "again with this one's header",
                    given->major, given->minor, MOAT_PLUGIN_MAJOR, MOAT_PLUGIN_MINOR));
  }
  if (given->size < offsetof(MoatPlugin, solve) + sizeof(given->solve) || given->solve == nullptr) {
    throw PluginError("it has no function that solves: is .size set to sizeof(MoatPlugin)?");
  }
  table_ = std::make_shared<const MoatPlugin>(known_part(given, given->size));
  description_ = describe_table(*table_);
}

std::optional<std::string> Plugin::unsupported(const DeviceInfo& device, int threads,
                                               const Problem& problem) const {
  if (device.backend != description_.backend) {
    return fmt::format("{} solves on {}", description_.name, description_.backend);
  }
  if (std::string why = why_no_view(problem); !why.empty()) return why;
  const std::string_view kernel = kernel_name(problem);
  const std::string types = types_of(problem);
  const bool declared = std::ranges::any_of(description_.solves, [&](const auto& s) {
    return s.problem == kernel && std::ranges::find(s.types, types) != s.types.end();
  });
  if (!declared) {
    return fmt::format("{} solves {}", description_.name, solves_text(description_));
  }
  if (table_->unsupported == nullptr) return std::nullopt;
  const ProblemView view(shape_of(problem));
  const MoatDevice on = device_view(device, threads, nullptr);
  const WatchedCall call(page_, index_);
  const char* const why = table_->unsupported(&on, &view.get());
  return why != nullptr ? std::optional<std::string>(why) : std::nullopt;
}

std::string Plugin::failure(const char* what, int code) const {
  const char* const own = table_->error != nullptr ? table_->error() : nullptr;
  return own != nullptr && *own != '\0' ? fmt::format("the plug-in's {}: {}", what, own)
                                        : fmt::format("the plug-in's {} returned {}", what, code);
}

std::function<void(const Problem&)> Plugin::prepare(Device& device, int threads,
                                                    const Problem& problem) const {
  if (const auto why = unsupported(device.info(), threads, problem)) {
    throw std::runtime_error(*why);
  }
  // What `prepare` made, until the last copy of the function is gone.
  struct State {
    const Plugin& plugin;
    void* state = nullptr;
    ~State() {
      if (plugin.table_->release == nullptr) return;
      const WatchedCall call(plugin.page_, plugin.index_);
      plugin.table_->release(state);
    }
  };
  const MoatDevice on = device_view(device.info(), threads, device.stream());
  void* made = nullptr;
  if (table_->prepare != nullptr) {
    const ProblemView view(shape_of(problem));
    const WatchedCall call(page_, index_);
    if (const int code = table_->prepare(&on, &view.get(), &made); code != 0) {
      throw std::runtime_error(failure("prepare", code));
    }
  }
  auto state = std::make_shared<State>(*this, made);
  const bool done_on_return = device.info().host;
  return [this, on, done_on_return, state = std::move(state)](const Problem& p) {
    const ProblemView view(p);
    int code = 0;
    {
      const WatchedCall call(page_, index_, done_on_return);
      code = table_->solve(&on, &view.get(), state->state);
    }
    if (code != 0) throw std::runtime_error(failure("solve", code));
  };
}

}  // namespace moat
