// SPDX-License-Identifier: Apache-2.0
#include "tests/executors/amd/disassembly.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "tests/executors/amd/fault.hpp"
#include "tests/executors/kernel_name.hpp"

namespace moat::amdgcn {
namespace {

// A file with the bytes of a code object, as long as this lives.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view bytes) {
    const char* const folder = std::getenv("TMPDIR");
    path_ = std::string(folder != nullptr ? folder : "/tmp") + "/code_object.XXXXXX";
    const int file = mkstemp(path_.data());
    bool written = file >= 0;
    while (written && !bytes.empty()) {
      const auto count = write(file, bytes.data(), bytes.size());
      written = count > 0;
      bytes.remove_prefix(written ? static_cast<std::size_t>(count) : 0);
    }
    if (file >= 0) close(file);
    if (!written) throw Fault("cannot write " + path_);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { unlink(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string output_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  if (!pipe) throw Fault("cannot run " + command);
  std::string text;
  char buffer[1 << 16];
  while (const std::size_t count = std::fread(buffer, 1, sizeof buffer, pipe.get())) {
    text.append(buffer, count);
  }
  return text;
}

std::string_view trimmed(std::string_view s) {
  const auto from = s.find_first_not_of(" \t");
  if (from == std::string_view::npos) return {};
  return s.substr(from, s.find_last_not_of(" \t") - from + 1);
}

// "\tv_add_f32_e32 v1, v2, v3      // 00000000AD6C: CA100080 0E0C0080 <label>"
Line parse_line(std::string_view text) {
  const std::size_t comment = text.find("//");
  const std::string_view code = trimmed(text.substr(0, comment));
  const std::size_t blank = std::min(code.find_first_of(" \t"), code.size());
  Line line;
  line.mnemonic = code.substr(0, blank);
  line.operands = trimmed(code.substr(blank));
  std::string_view rest = trimmed(text.substr(comment + 2));
  line.address = std::stoull(std::string(rest), nullptr, 16);
  rest = trimmed(rest.substr(rest.find(':') + 1));
  rest = trimmed(rest.substr(0, rest.find('<')));
  line.encoding = static_cast<std::uint32_t>(std::stoul(std::string(rest), nullptr, 16));
  line.bytes = static_cast<std::uint32_t>(rest.size() + 1) / 9 * 4;
  return line;
}

// Why it showed nothing.
[[noreturn]] void fail_without_lines(const std::string& objdump, const std::string& kernel,
                                     const std::string& architecture) {
  const std::string version = output_of("'" + objdump + "' --version 2>/dev/null");
  const std::size_t at = version.find("version ");
  if (at == std::string::npos) {
    throw Fault(objdump + " is no llvm-objdump that runs: MOAT_LLVM_OBJDUMP names another");
  }
  throw Fault(objdump + " (LLVM " + version.substr(at, version.find('\n', at) - at) +
              "; 19 or newer is needed) shows no instruction of " + kernel_name(kernel) + " for " +
              architecture);
}

}  // namespace

std::vector<Line> disassemble(const CodeObject& object, const std::string& kernel,
                              const std::string& objdump) {
  const TemporaryFile file(object.bytes);
  const std::string text =
      output_of("'" + objdump + "' -d -l --mcpu=" + object.architecture +
                " --disassemble-symbols='" + kernel + "' " + file.path() + " 2>/dev/null");
  std::vector<Line> lines;
  std::string source;
  for (std::string_view left = text; !left.empty();) {
    const std::size_t end = left.find('\n');
    const std::string_view line = left.substr(0, end);
    left.remove_prefix(end == std::string_view::npos ? left.size() : end + 1);
    if (line.starts_with("; ") && !line.ends_with("():")) {
      source = line.substr(2);
    } else if (line.starts_with('\t') && line.find("//") != std::string_view::npos) {
      lines.push_back(parse_line(line));
      lines.back().source = source;
    }
  }
  if (lines.empty()) fail_without_lines(objdump, kernel, object.architecture);
  return lines;
}

}  // namespace moat::amdgcn
