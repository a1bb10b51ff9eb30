// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <utility>

#include "tests/executors/ptx/lexer.hpp"
#include "tests/executors/ptx/parser.hpp"
#include "tests/executors/ptx/program.hpp"

namespace moat::ptx {

std::string Kernel::describe(u32 pc) const {
  const std::size_t at = code[pc].text;
  std::string source;
  if (const Source& from = sources[pc]; from.line != 0) {
    const auto file = files->find(from.file);
    source = fmt::format(" ({}:{})", file == files->end() ? "?" : file->second, from.line);
  }
  return fmt::format("line {}{}: `{}`", line_of(*text, at), source, statement_at(*text, at));
}

Module::Module(std::string text) : text_(std::make_shared<const std::string>(std::move(text))) {
  Lexer in(*text_, 0, text_->size());
  while (!in.done()) {
    const std::size_t begin = in.at();
    in.begin_statement();
    in.expect('.');
    const std::string_view directive = in.word();
    if (directive == "version") {
      in.word("._");
    } else if (directive == "target") {
      target_ = in.word("._");
    } else if (directive == "address_size") {
      if (in.integer() != 64) in.fail_at(begin, "only addresses of 64 bits are known");
    } else if (directive == "extern") {
      in.expect('.');
      if (in.word() != "shared") in.fail_at(begin, "only .extern .shared is known");
      shared_.push_back(parse_shared(in));
    } else if (directive == "shared") {
      shared_.push_back(parse_shared(in));
    } else if (directive == "file") {
      const auto number = static_cast<u32>(in.integer());
      (*files_)[number] = in.quoted();
      in.skip_past('\n');
    } else if (directive == "section") {
      in.skip_past('}');  // for debuggers
    } else if (directive == "visible" || directive == "weak" || directive == "entry") {
      std::string_view what = directive;
      if (what != "entry") {
        in.expect('.');
        what = in.word();
      }
      if (what == "shared") {
        shared_.push_back(parse_shared(in));
        continue;
      }
      if (what != "entry") in.fail_at(begin, "only entries and shared memory are known");
      const std::size_t from = in.at();
      const std::string_view name = in.name();
      int depth = 0;
      do {
        const char c = in.peek();
        if (c == '\0') in.fail_at(begin, "the entry has no end");
        depth += c == '{' ? 1 : c == '}' ? -1 : 0;
        if (depth == 0 && c == '}') break;
        in.jump(in.at() + 1);
      } while (true);
      in.expect('}');
      entries_.push_back({.name = name, .begin = from, .end = in.at(), .kernel = nullptr});
    } else {
      in.fail_at(begin, fmt::format("unknown directive .{}", directive));
    }
  }
}

std::vector<std::string_view> Module::entries() const {
  std::vector<std::string_view> names;
  for (const Entry& entry : entries_) names.push_back(entry.name);
  return names;
}

const Kernel* Module::find(std::string_view name) {
  for (Entry& entry : entries_) {
    if (entry.name != name) continue;
    if (!entry.kernel) {
      entry.kernel =
          std::make_unique<Kernel>(parse_entry(text_, entry.begin, entry.end, shared_, files_));
    }
    return entry.kernel.get();
  }
  return nullptr;
}

std::string_view Module::text_of(std::string_view name) const {
  for (const Entry& entry : entries_) {
    if (entry.name == name) {
      return std::string_view(*text_).substr(entry.begin, entry.end - entry.begin);
    }
  }
  return {};
}

}  // namespace moat::ptx
