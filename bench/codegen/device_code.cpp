// SPDX-License-Identifier: Apache-2.0
#include "bench/codegen/device_code.hpp"

#include <cstring>
#include <stdexcept>

#include "bench/codegen/elf.hpp"

namespace moat::codegen {
namespace {

template <class T>
T read(std::string_view bytes, std::uint64_t offset) {
  if (offset > bytes.size() || sizeof(T) > bytes.size() - offset) {
    throw std::runtime_error("the embedded device code is cut short");
  }
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

std::string_view slice(std::string_view bytes, std::uint64_t offset, std::uint64_t size) {
  if (offset > bytes.size() || size > bytes.size() - offset) {
    throw std::runtime_error("the embedded device code is cut short");
  }
  return bytes.substr(offset, size);
}

// A fat binary is a header of 16 bytes and entries, each with a header that gives its own size, its
// kind, its contents' size, the compute capability and whether it is an architecture-specific one.
void read_nvidia(std::string_view fat, std::vector<DeviceCode>& found) {
  constexpr std::uint32_t kMagic = 0xBA55ED50;
  constexpr std::uint16_t kPtx = 1;
  constexpr std::uint16_t kElf = 2;
  constexpr std::uint32_t kSpecific = 0x100000;
  std::uint64_t at = 0;
  while (at < fat.size()) {
    if (read<std::uint32_t>(fat, at) != kMagic) {
      throw std::runtime_error("nvcc's fat binary has a form that is not known");
    }
    const auto header = read<std::uint16_t>(fat, at + 6);
    const std::uint64_t end = at + header + read<std::uint64_t>(fat, at + 8);
    for (at += header; at < end;) {
      const auto kind = read<std::uint16_t>(fat, at);
      const auto entry_header = read<std::uint32_t>(fat, at + 4);
      const auto size = read<std::uint64_t>(fat, at + 8);
      const std::string_view contents = slice(fat, at + entry_header, size);
      std::string target = "sm_" + std::to_string(read<std::uint32_t>(fat, at + 28));
      if ((read<std::uint32_t>(fat, at + 40) & kSpecific) != 0) target += 'a';
      if (kind == kPtx) {
        if (contents.find(".target " + target) == std::string_view::npos) {
          throw std::runtime_error("embedded PTX is compressed: use nvcc's -no-compress");
        }
        found.push_back({.kind = CodeKind::ptx, .architecture = target, .bytes = contents});
      } else if (kind == kElf) {
        if (!contents.starts_with("\x7f"
                                  "ELF")) {
          throw std::runtime_error("an embedded cubin is compressed: use nvcc's -no-compress");
        }
        found.push_back({.kind = CodeKind::cubin, .architecture = target, .bytes = contents});
      }
      at += entry_header + size;
    }
    // Fat binaries of several sources lie side by side, aligned.
    while (at < fat.size() && fat[at] == '\0') ++at;
  }
}

void read_amd(std::string_view bundle, std::vector<DeviceCode>& found) {
  constexpr std::string_view kMagic = "__CLANG_OFFLOAD_BUNDLE__";
  if (!bundle.starts_with(kMagic)) {
    throw std::runtime_error("the HIP code objects are compressed or of a form that is not known");
  }
  const auto count = read<std::uint64_t>(bundle, kMagic.size());
  std::uint64_t at = kMagic.size() + 8;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto offset = read<std::uint64_t>(bundle, at);
    const auto size = read<std::uint64_t>(bundle, at + 8);
    const auto length = read<std::uint64_t>(bundle, at + 16);
    const std::string_view id = slice(bundle, at + 24, length);
    at += 24 + length;
    const std::size_t dash = id.rfind("--");
    if (!id.starts_with("hip") || dash == std::string_view::npos) continue;
    const std::string_view target = id.substr(dash + 2);  // gfx90a:xnack-
    found.push_back({.kind = CodeKind::amd,
                     .architecture = std::string(target.substr(0, target.find(':'))),
                     .bytes = slice(bundle, offset, size)});
  }
}

}  // namespace

std::vector<DeviceCode> device_code(std::string_view object) {
  const Elf elf = read_elf(object);
  std::vector<DeviceCode> found;
  if (const auto fat = elf.section(".nv_fatbin"); !fat.empty()) read_nvidia(fat, found);
  if (const auto bundle = elf.section(".hip_fatbin"); !bundle.empty()) read_amd(bundle, found);
  return found;
}

}  // namespace moat::codegen
