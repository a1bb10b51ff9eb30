#include "backends/hip/device.hpp"

#include <unistd.h>

#include "backends/hip/runtime.hpp"
#include "backends/hip/telemetry.hpp"
#include "backends/simt/device.hpp"

namespace moat {
namespace hip {

struct Atoms;
struct Schedules;

namespace {

struct Platform {
  using Runtime = hip::Runtime;
  using Backend = simt::Backend<Atoms, Schedules>;
  using Telemetry = hip::Telemetry;

  static std::string architecture(const hipDeviceProp_t& p) {
    return base_architecture(p.gcnArchName);
  }

  static std::string unsupported(const hipDeviceProp_t& p) {
    if (runs_on(p.gcnArchName, MOAT_HIP_ARCHITECTURES)) return {};
    return architecture(p) +
           " is not among the architectures of this build ("  //
           MOAT_HIP_ARCHITECTURES "); configure with -DMOAT_HIP_ARCHITECTURES=" +
           architecture(p);
  }

  static std::string absent(hipError_t error) {
    if (access("/dev/kfd", F_OK) != 0) {
      return "no AMD GPU driver found (amdgpu with /dev/kfd)";
    }
    if (access("/dev/kfd", R_OK | W_OK) != 0) {
      return "no permission to open /dev/kfd; add the user to its group (render or video)";
    }
    if (error == hipSuccess || error == hipErrorNoDevice) {
      return "no AMD GPU visible (is HIP_VISIBLE_DEVICES or ROCR_VISIBLE_DEVICES set?)";
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

}  // namespace hip

// Instantiated in kernels/*.cpp by the device compiler.
extern template void launch(hip::Platform::Backend&, const GemmProblem&);
extern template void launch(hip::Platform::Backend&, const AttentionProblem&);
extern template void launch(hip::Platform::Backend&, const ReductionProblem&);
extern template void launch(hip::Platform::Backend&, const RowsProblem&);
extern template void launch(hip::Platform::Backend&, const CeilingProblem&);

DeviceList list_hip_devices() { return simt::list_devices<hip::Platform>(); }

}  // namespace moat
