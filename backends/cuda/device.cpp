// SPDX-License-Identifier: Apache-2.0
#include "backends/cuda/device.hpp"

#include <algorithm>
#include <charconv>

#include "backends/cuda/planned_tensor_maps.hpp"
#include "backends/cuda/runtime.hpp"
#include "backends/cuda/telemetry.hpp"
#include "backends/simt/device.hpp"
#include "backends/simt/plan.hpp"
#include "families.hpp"

namespace moat {
namespace cuda {

struct Ptx;
struct Ptx90a;
template <class Isa>
struct Sm80;
template <class Isa>
struct Sm90a;
struct Sm80Schedules;
struct Sm90aSchedules;

// Named as backend.cmake names the families.
using BackendOf_sm_80 = simt::Backend<Sm80<Ptx>, Sm80Schedules>;
using BackendOf_sm_90a = simt::Backend<Sm90a<Ptx90a>, Sm90aSchedules>;

}  // namespace cuda

#define MOAT_FAMILY(name) MOAT_LAUNCHERS_COMPILED_ELSEWHERE(cuda::BackendOf_##name)
MOAT_FAMILIES
#undef MOAT_FAMILY

namespace cuda {
namespace {

constexpr simt::Family kFamilies[] = {
#define MOAT_FAMILY(name) {#name, simt::run_program<BackendOf_##name>},
    MOAT_FAMILIES
#undef MOAT_FAMILY
};

struct Platform {
  using Runtime = cuda::Runtime;
  using Telemetry = cuda::Telemetry;

  static std::string capability(const cudaDeviceProp& p) {
    return std::to_string(p.major) + "." + std::to_string(p.minor);
  }

  static std::string architecture(const cudaDeviceProp& p) {
    return architecture_of(p.major, p.minor, MOAT_CUDA_ARCHITECTURES).value_or(capability(p));
  }

  static simt::DeviceFacts facts(const cudaDeviceProp& p) {
    return {.compute_units = p.multiProcessorCount, .shared_bytes = p.sharedMemPerBlockOptin};
  }

  static bool flushes_subnormals(std::string_view /*architecture*/) { return false; }

  static std::optional<int> code_sum_bits(std::string_view architecture) {
    return cuda::code_sum_bits(architecture);
  }

  static std::string unsupported(const cudaDeviceProp& p) {
    if (architecture_of(p.major, p.minor, MOAT_CUDA_ARCHITECTURES)) return {};
    return "compute capability " + capability(p) +
           " is not among those of this build (" MOAT_CUDA_ARCHITECTURES
           "); configure with -DMOAT_CUDA_ARCHITECTURES=" +
           std::to_string(p.major) + std::to_string(p.minor);
  }

  static simt::Program program(std::string_view architecture) {
    return simt::find_program(kFamilies, family_of(architecture));
  }

  static std::string absent(cudaError_t error) {
    int driver = 0;
    if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0) {
      return "no NVIDIA driver found (libcuda.so.1)";
    }
    if (error == cudaErrorInsufficientDriver) {
      return "the driver supports CUDA " + version(driver) + ", this build needs " +
             version(CUDART_VERSION) + "; update the driver or build with an older CUDA Toolkit";
    }
    if (error == cudaSuccess || error == cudaErrorNoDevice) {
      return "no NVIDIA GPU visible (is CUDA_VISIBLE_DEVICES set?)";
    }
    return std::string("cudaGetDeviceCount: ") + cudaGetErrorString(error);
  }

  static std::string version(int v) {
    return std::to_string(v / 1000) + "." + std::to_string(v % 1000 / 10);
  }
};

// 90 of sm_90.
int capability_of(std::string_view architecture) {
  int number = 0;
  architecture.remove_prefix(std::min<std::size_t>(3, architecture.size()));
  std::from_chars(architecture.data(), architecture.data() + architecture.size(), number);
  return number;
}

// SplitF32 is three products of TF32. Only warpgroups reach the peak of documents on Hopper
// (wgmma, whose blocks are persistent); what single warps reach there (mma.sync) none of them
// tells.
simt::ProductRate rate_of(const KnownDevice& device, const simt::KernelFacts& kernel) {
  simt::ProductRate rate = simt::product_rate(device, kernel.products);
  if (kernel.products == simt::Products::split) {
    rate = {"f32 as three products of tf32 on matrix units", device.tf32};
    if (rate.rate) *rate.rate /= 3;
  }
  const bool by_matrix_units =
      kernel.products != simt::Products::none && kernel.products != simt::Products::vector;
  if (by_matrix_units && !kernel.persistent && capability_of(device.architecture) == 90) {
    rate.products += ", warp by warp";
    rate.rate.reset();
  }
  return rate;
}

}  // namespace

std::optional<std::string> architecture_of(int major, int minor, std::string_view built) {
  const std::string own = std::to_string(10 * major + minor);
  std::optional<std::string> found;
  while (!built.empty()) {
    const std::string_view one = built.substr(0, built.find(' '));
    built.remove_prefix(std::min(one.size() + 1, built.size()));
    int number = 0;
    const auto [end, error] = std::from_chars(one.data(), one.data() + one.size(), number);
    if (error != std::errc()) continue;
    const std::string_view suffix(end, one.data() + one.size());
    if (suffix == "a" && number == 10 * major + minor) return "sm_" + own + "a";
    if (suffix.empty() && number / 10 == major && number % 10 <= minor) found = "sm_" + own;
  }
  return found;
}

std::string_view family_of(std::string_view architecture) {
  return simt::family_of(kServing, architecture);
}

std::optional<int> code_sum_bits(std::string_view architecture) {
  return architecture.starts_with("sm_90") ? std::optional(13) : std::nullopt;
}

}  // namespace cuda

DeviceList list_cuda_devices() { return simt::list_devices<cuda::Platform>(); }

LaunchPlan plan_on_cuda(const KnownDevice& device, const Problem& problem,
                        const std::string& schedule) {
  const int capability = cuda::capability_of(device.architecture);
  const auto architecture =
      cuda::architecture_of(capability / 10, capability % 10, MOAT_CUDA_ARCHITECTURES);
  if (!architecture) {
    throw DeviceError(std::string(device.architecture) +
                      " is not among the architectures of this build (" MOAT_CUDA_ARCHITECTURES
                      "); configure with -DMOAT_CUDA_ARCHITECTURES=" +
                      std::to_string(capability));
  }
  const std::string_view family = cuda::family_of(*architecture);
  const cuda::PlannedTensorMaps without_driver;
  LaunchPlan plan{.architecture = *architecture,
                  .family = std::string(family),
                  .launches = {},
                  .schedules = {}};
  simt::plan_launches(plan, simt::find_program(cuda::kFamilies, family), device, problem, schedule,
                      cuda::rate_of);
  return plan;
}

}  // namespace moat
