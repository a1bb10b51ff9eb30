// SPDX-License-Identifier: Apache-2.0
#include "backends/hip/device.hpp"

#include <unistd.h>

#include "backends/hip/runtime.hpp"
#include "backends/hip/telemetry.hpp"
#include "backends/simt/device.hpp"
#include "backends/simt/plan.hpp"
#include "families.hpp"

namespace moat {
namespace hip {

template <int kLanes>
struct Amdgpu;
template <class Isa>
struct Cdna;
template <class Isa>
struct Rdna3;
struct CdnaSchedules;
struct Rdna3Schedules;
struct PlainSchedules;

}  // namespace hip

namespace simt {
template <class Isa>
struct Plain;
}  // namespace simt

namespace hip {

// Named as backend.cmake names the families.
using BackendOf_cdna = simt::Backend<Cdna<Amdgpu<64>>, CdnaSchedules>;
using BackendOf_rdna3 = simt::Backend<Rdna3<Amdgpu<32>>, Rdna3Schedules>;
using BackendOf_plain32 = simt::Backend<simt::Plain<Amdgpu<32>>, PlainSchedules>;
using BackendOf_plain64 = simt::Backend<simt::Plain<Amdgpu<64>>, PlainSchedules>;

}  // namespace hip

#define MOAT_FAMILY(name) MOAT_LAUNCHERS_COMPILED_ELSEWHERE(hip::BackendOf_##name)
MOAT_FAMILIES
#undef MOAT_FAMILY

namespace hip {
namespace {

constexpr simt::Family kFamilies[] = {
#define MOAT_FAMILY(name) {#name, simt::run_program<BackendOf_##name>},
    MOAT_FAMILIES
#undef MOAT_FAMILY
};

struct Platform {
  using Runtime = hip::Runtime;
  using Telemetry = hip::Telemetry;

  static std::string architecture(const hipDeviceProp_t& p) {
    return base_architecture(p.gcnArchName);
  }

  static simt::DeviceFacts facts(const hipDeviceProp_t& p) {
    return {.compute_units = compute_units(architecture(p), p.multiProcessorCount),
            .shared_bytes = p.sharedMemPerBlock};
  }

  static bool flushes_subnormals(std::string_view architecture) {
    return hip::flushes_subnormals(architecture);
  }

  static std::optional<int> code_sum_bits(std::string_view /*architecture*/) { return {}; }

  static std::string unsupported(const hipDeviceProp_t& p) {
    if (runs_on(p.gcnArchName, MOAT_HIP_ARCHITECTURES)) return {};
    return architecture(p) +
           " is not among the architectures of this build ("  //
           MOAT_HIP_ARCHITECTURES "); configure with -DMOAT_HIP_ARCHITECTURES=" +
           architecture(p);
  }

  static simt::Program program(std::string_view architecture) {
    return simt::find_program(kFamilies, family_of(architecture));
  }

  static std::string absent(hipError_t error) {
    if (access("/dev/kfd", F_OK) != 0) {
      return "no AMD GPU driver found (amdgpu with /dev/kfd)";
    }
    if (access("/dev/kfd", R_OK | W_OK) != 0) {
      return "no permission to open /dev/kfd; add the user to its group (render or video)";
    }
    if (error == hipSuccess || error == hipErrorNoDevice) {
      int runtime = 0;
      static_cast<void>(hipRuntimeGetVersion(&runtime));
      return none_visible(driver_architectures(), version(runtime));
    }
    return std::string("hipGetDeviceCount: ") + hipGetErrorString(error);
  }

  static std::string version(int v) {
    return std::to_string(v / 10'000'000) + "." + std::to_string(v / 100'000 % 100) + "." +
           std::to_string(v % 100'000);
  }
};

}  // namespace

std::string base_architecture(std::string_view target) {
  return std::string(target.substr(0, target.find(':')));
}

bool runs_on(std::string_view target, std::string_view built) {
  while (!built.empty()) {
    const std::string_view one = built.substr(0, built.find(' '));
    built.remove_prefix(std::min(one.size() + 1, built.size()));
    if (base_architecture(one) == base_architecture(target)) return true;
  }
  return false;
}

int compute_units(std::string_view architecture, int counted) {
  return architecture.starts_with("gfx9") ? counted : 2 * counted;
}

bool flushes_subnormals(std::string_view architecture) { return architecture == "gfx90a"; }

std::string none_visible(const std::vector<std::string>& architectures, std::string_view version) {
  const std::string hidden = "HIP_VISIBLE_DEVICES or ROCR_VISIBLE_DEVICES";
  if (architectures.empty()) return "no AMD GPU visible (is " + hidden + " set?)";
  std::string names;
  for (const std::string& name : architectures) names += (names.empty() ? "" : ", ") + name;
  return "HIP " + std::string(version) + " sees none of the driver's GPUs (" + names +
         "): it may be older than they are, and a newer ROCm knows them, or " + hidden +
         " hides them";
}

std::string_view family_of(std::string_view architecture) {
  return simt::family_of(kServing, architecture);
}

}  // namespace hip

DeviceList list_hip_devices() { return simt::list_devices<hip::Platform>(); }

LaunchPlan plan_on_hip(const KnownDevice& device, const Problem& problem,
                       const std::string& schedule) {
  const std::string architecture(device.architecture);
  if (!hip::runs_on(architecture, MOAT_HIP_ARCHITECTURES)) {
    throw DeviceError(architecture +
                      " is not among the architectures of this build (" MOAT_HIP_ARCHITECTURES
                      "); configure with -DMOAT_HIP_ARCHITECTURES=" +
                      architecture);
  }
  const std::string_view family = hip::family_of(architecture);
  LaunchPlan plan{
      .architecture = architecture, .family = std::string(family), .launches = {}, .schedules = {}};
  simt::plan_launches(plan, simt::find_program(hip::kFamilies, family), device, problem, schedule,
                      [](const KnownDevice& d, const simt::KernelFacts& kernel) {
                        return simt::product_rate(d, kernel.products);
                      });
  return plan;
}

}  // namespace moat
