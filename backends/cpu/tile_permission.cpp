// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/tile_permission.hpp"

#include <cerrno>
#include <cstring>

#include "backends/device.hpp"

#if defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace moat::cpu {

namespace {

std::string ask() {
#if defined(__x86_64__) && defined(__linux__)
  constexpr int kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr int kTileData = 18;               // XFEATURE_XTILEDATA
  if (syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0) return {};
  return std::string("the system refuses the registers of AMX (ARCH_REQ_XCOMP_PERM: ") +
         std::strerror(errno) + "); Linux 5.16 or newer gives them";
#else
  return "no system but Linux on x86 is known to give them";
#endif
}

}  // namespace

const std::string& tile_refusal() {
  static const std::string refusal = ask();
  return refusal;
}

void require_tiles() {
  if (!tile_refusal().empty()) throw DeviceError(tile_refusal());
}

}  // namespace moat::cpu
