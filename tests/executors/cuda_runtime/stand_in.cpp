// SPDX-License-Identifier: Apache-2.0
#include "tests/executors/cuda_runtime/stand_in.hpp"

#include <cuda.h>
#include <cuda_runtime_api.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tests/emulator/tensor_map.hpp"
#include "tests/executors/cuda_runtime/fat_binary.hpp"
#include "tests/executors/kernel_name.hpp"
#include "tests/executors/ptx/tensor_map.hpp"
#include "tests/executors/settings.hpp"

namespace moat::cuda_runtime {
namespace {

using Clock = std::chrono::steady_clock;

// What nvcc's code hands to __cudaRegisterFatBinary.
struct FatBinaryWrapper {
  int magic;
  int version;
  const void* data;
  void* file;
};

struct Interpreted {
  const char* architecture;
  int capability;
  int units;  // few, so that persistent blocks take several tiles, or many
  std::size_t shared_bytes;
};
constexpr Interpreted kKnown[] = {
    {"sm_90a", 90, 3, 227 << 10},
    {"sm_80", 80, 108, 163 << 10},
};

// The images of one registered fat binary, each decoded when it is first needed.
struct Binary {
  std::vector<PtxImage> images;
  std::map<int, std::unique_ptr<ptx::Module>> modules;  // by architecture
};

struct Function {
  Binary* binary;
  std::string name;
  std::size_t granted = 48 << 10;  // dynamic shared memory
};

// What <<<>>> wrote down for the launch that follows it.
struct CallConfiguration {
  dim3 blocks;
  dim3 threads;
  std::size_t shared_bytes;
  cudaStream_t stream;
};

struct State {
  std::vector<std::unique_ptr<Binary>> binaries;
  std::unordered_map<const void*, Function> functions;
  std::vector<Interpreted> devices;
  ptx::GlobalMemory memory;
  std::map<std::string, std::unique_ptr<ptx::Module>, std::less<>> replaced;
  std::map<std::string, Launched, std::less<>> launched;
  std::uint64_t most_instructions = std::uint64_t{1} << 31;
  int device = 0;
  cudaError_t last = cudaSuccess;
  bool faulted = false;  // until cudaGetLastError tells of it
  std::string fault;     // the last one's text
  std::vector<CallConfiguration> configurations;

  // Throws std::invalid_argument for a setting that means nothing.
  State() {
    std::string_view names = setting("MOAT_INTERPRETED");
    if (names.empty()) names = "sm_90a,sm_80";
    while (!names.empty()) {
      const std::string_view name = names.substr(0, names.find(','));
      names.remove_prefix(std::min(name.size() + 1, names.size()));
      const auto known = std::ranges::find(kKnown, name, &Interpreted::architecture);
      if (known == std::end(kKnown)) {
        std::string all;
        for (const Interpreted& i : kKnown) all += fmt::format(" {}", i.architecture);
        throw std::invalid_argument(
            fmt::format("MOAT_INTERPRETED names '{}', not one of{}", name, all));
      }
      devices.push_back(*known);
    }
    for (Interpreted& d : devices) d.units = number_setting("MOAT_INTERPRETED_UNITS", d.units);
  }
};

// What was executed, at the end, if MOAT_INTERPRETED_REPORT is set.
void report() {
  const auto millions = [](std::uint64_t count, double seconds) {
    return seconds > 0 ? 1e-6 * static_cast<double>(count) / seconds : 0;
  };
  std::uint64_t instructions = 0;
  std::uint64_t lanes = 0;
  double seconds = 0;
  for (const Launched& l : launched()) {
    instructions += l.counts.warp_instructions;
    lanes += l.counts.lane_instructions;
    seconds += l.seconds;
    fmt::print(stderr, "{:8} launches {:12} warp instructions {:7.2f} s {:7.2f} M/s {}\n", l.times,
               l.counts.warp_instructions, l.seconds,
               millions(l.counts.warp_instructions, l.seconds), l.kernel);
  }
  fmt::print(stderr,
             "interpreted: {} instructions of warps, {} of lanes in {:.2f} s: {:.2f} and {:.1f} "
             "million a second\n",
             instructions, lanes, seconds, millions(instructions, seconds),
             millions(lanes, seconds));
}

// Registration runs before main, in any order.
State& state() {
  static State* const s = [] {
    try {
      return new State;
    } catch (const std::invalid_argument& e) {
      refuse(e);
    }
  }();
  return *s;
}

cudaError_t done(cudaError_t error) {
  if (error != cudaSuccess) state().last = error;
  return error;
}

// A fault is every call's error, as on a device, but only until cudaGetLastError is asked: other
// launches of the process can still be right here.
cudaError_t now() { return state().faulted ? cudaErrorLaunchFailure : cudaSuccess; }

const Interpreted* device_of(int index) {
  const auto& devices = state().devices;
  if (index < 0 || static_cast<std::size_t>(index) >= devices.size()) return nullptr;
  return &devices[static_cast<std::size_t>(index)];
}

// The PTX of a binary that the device can run: that of its own architecture, else an older one.
ptx::Module* module_for(Binary& binary, int capability) {
  const PtxImage* best = nullptr;
  for (const PtxImage& image : binary.images) {
    if (image.architecture > capability) continue;
    if (best == nullptr || image.architecture > best->architecture) best = &image;
  }
  if (best == nullptr) return nullptr;
  auto& module = binary.modules[best->architecture];
  if (!module) module = std::make_unique<ptx::Module>(best->text);
  return module.get();
}

cudaError_t launch(const void* entry, dim3 blocks, dim3 threads, void** arguments,
                   std::size_t shared_bytes) {
  State& s = state();
  const auto found = s.functions.find(entry);
  if (found == s.functions.end()) return cudaErrorInvalidDeviceFunction;
  if (s.launched.empty() && std::getenv("MOAT_INTERPRETED_REPORT") != nullptr) {
    std::atexit(report);
  }
  Function& function = found->second;
  const Interpreted& device = s.devices[static_cast<std::size_t>(s.device)];
  if (shared_bytes > function.granted) return cudaErrorInvalidValue;
  if (blocks.x == 0 || blocks.y == 0 || blocks.z == 0 || threads.x == 0 || threads.y == 0 ||
      threads.z == 0 || threads.x > 1024) {
    return cudaErrorInvalidConfiguration;
  }
  try {
    if (blocks.y != 1 || blocks.z != 1 || threads.y != 1 || threads.z != 1) {
      throw std::runtime_error(fmt::format(
          "{}: a launch of {}x{}x{} blocks of {}x{}x{} threads, of which the executor has only "
          "axis x",
          kernel_name(function.name), blocks.x, blocks.y, blocks.z, threads.x, threads.y,
          threads.z));
    }
    ptx::Module* module = module_for(*function.binary, device.capability);
    if (module == nullptr) return cudaErrorNoKernelImageForDevice;
    if (const auto it = s.replaced.find(function.name); it != s.replaced.end()) {
      module = it->second.get();
    }
    const ptx::Kernel* const kernel = module->find(function.name);
    if (kernel == nullptr) return cudaErrorInvalidDeviceFunction;
    Launched& l = s.launched[function.name];
    l.kernel = function.name;
    l.code = kernel;
    l.text = module->text_of(function.name);
    ++l.times;
    const std::clock_t begin = std::clock();
    const ptx::Counts counts = ptx::launch(*kernel,
                                           {.blocks = blocks.x,
                                            .threads = threads.x,
                                            .shared_bytes = shared_bytes,
                                            .most_instructions = s.most_instructions,
                                            .visits = &l.visits},
                                           arguments, s.memory);
    l.seconds += static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    l.counts.warp_instructions += counts.warp_instructions;
    l.counts.lane_instructions += counts.lane_instructions;
  } catch (const std::exception& e) {
    s.fault = e.what();
    s.faulted = true;
  }
  return now();
}

CUresult encode_tiled(CUtensorMap* map, CUtensorMapDataType type, cuuint32_t rank, void* address,
                      const cuuint64_t* sizes, const cuuint64_t* strides, const cuuint32_t* box,
                      const cuuint32_t* element_strides, CUtensorMapInterleave interleave,
                      CUtensorMapSwizzle swizzle, CUtensorMapL2promotion /*promotion*/,
                      CUtensorMapFloatOOBfill fill) {
  emulator::TensorMap m{.address = address, .rank = static_cast<int>(rank)};
  switch (type) {
    case CU_TENSOR_MAP_DATA_TYPE_UINT8:
      m.element_bytes = 1;
      break;
    case CU_TENSOR_MAP_DATA_TYPE_UINT16:
    case CU_TENSOR_MAP_DATA_TYPE_FLOAT16:
    case CU_TENSOR_MAP_DATA_TYPE_BFLOAT16:
      m.element_bytes = 2;
      break;
    case CU_TENSOR_MAP_DATA_TYPE_UINT32:
    case CU_TENSOR_MAP_DATA_TYPE_FLOAT32:
      m.element_bytes = 4;
      break;
    default:
      return CUDA_ERROR_NOT_SUPPORTED;
  }
  switch (swizzle) {
    case CU_TENSOR_MAP_SWIZZLE_NONE:
      m.swizzle = emulator::Swizzle::none;
      break;
    case CU_TENSOR_MAP_SWIZZLE_32B:
      m.swizzle = emulator::Swizzle::b32;
      break;
    case CU_TENSOR_MAP_SWIZZLE_64B:
      m.swizzle = emulator::Swizzle::b64;
      break;
    case CU_TENSOR_MAP_SWIZZLE_128B:
      m.swizzle = emulator::Swizzle::b128;
      break;
    default:
      return CUDA_ERROR_NOT_SUPPORTED;
  }
  if (interleave != CU_TENSOR_MAP_INTERLEAVE_NONE || fill != CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE) {
    return CUDA_ERROR_NOT_SUPPORTED;
  }
  if (rank < 1 || rank > static_cast<cuuint32_t>(emulator::kMaxRank) || map == nullptr ||
      reinterpret_cast<std::uintptr_t>(map) % ptx::kTensorMapAlignment != 0) {
    return CUDA_ERROR_INVALID_VALUE;
  }
  for (cuuint32_t d = 0; d < rank; ++d) {
    if (element_strides[d] != 1) return CUDA_ERROR_NOT_SUPPORTED;
    m.sizes[d] = sizes[d];
    m.strides[d] = d == 0 ? static_cast<std::uint64_t>(m.element_bytes) : strides[d - 1];
    m.box[d] = box[d];
  }
  try {
    emulator::check(m);
  } catch (const std::invalid_argument&) {
    return CUDA_ERROR_INVALID_VALUE;
  }
  static_assert(sizeof(CUtensorMap) == ptx::kTensorMapBytes);
  ptx::encode(m, reinterpret_cast<unsigned char*>(map));
  return CUDA_SUCCESS;
}

// A range of the device's memory, marked as written if `writes`.
bool known(const void* p, std::size_t bytes, bool writes) {
  const auto address = reinterpret_cast<std::uint64_t>(p);
  ptx::GlobalMemory::Allocation* const a = state().memory.find(address, bytes);
  if (a == nullptr) return false;
  if (writes) a->mark(address - a->begin(), bytes);
  return true;
}

}  // namespace

std::vector<Launched> launched() {
  std::vector<Launched> all;
  for (const auto& [name, l] : state().launched) all.push_back(l);
  return all;
}

void forget_launched() { state().launched.clear(); }

void replace_entry(std::string_view kernel, const std::string& text) {
  State& s = state();
  if (text.empty()) {
    const auto it = s.replaced.find(kernel);
    if (it != s.replaced.end()) s.replaced.erase(it);
    return;
  }
  const std::string module =
      ".version 9.0\n.target sm_90a\n.address_size 64\n"
      ".extern .shared .align 1024 .b8 _ZN4moat4simt5arenaE[];\n.visible .entry " +
      text + "\n";
  auto decoded = std::make_unique<ptx::Module>(module);
  static_cast<void>(decoded->find(kernel));
  s.replaced[std::string(kernel)] = std::move(decoded);
}

void limit_instructions(std::uint64_t most) { state().most_instructions = most; }

std::string take_fault() {
  state().last = cudaSuccess;
  state().faulted = false;
  return std::exchange(state().fault, {});
}

}  // namespace moat::cuda_runtime

// NOLINTBEGIN(readability-identifier-naming, bugprone-reserved-identifier): the names are CUDA's.
using moat::cuda_runtime::done;
using moat::cuda_runtime::now;
using moat::cuda_runtime::state;

struct CUevent_st {
  moat::cuda_runtime::Clock::time_point time;
};

extern "C" {

void** __cudaRegisterFatBinary(void* wrapper) {
  auto binary = std::make_unique<moat::cuda_runtime::Binary>();
  binary->images = moat::cuda_runtime::ptx_images(
      static_cast<moat::cuda_runtime::FatBinaryWrapper*>(wrapper)->data);
  state().binaries.push_back(std::move(binary));
  return reinterpret_cast<void**>(state().binaries.back().get());
}
void __cudaRegisterFatBinaryEnd(void**) {}
void __cudaUnregisterFatBinary(void**) {}
// For managed variables, which there are none of.
char __cudaInitModule(void**) { return 0; }
void __cudaRegisterFunction(void** handle, const char* host, char*, const char* name, int, uint3*,
                            uint3*, dim3*, dim3*, int*) {
  state().functions[host] = {reinterpret_cast<moat::cuda_runtime::Binary*>(handle), name};
}
void __cudaRegisterVar(void**, char*, char*, const char*, int, size_t, int, int) {}

// What nvcc makes of <<<>>> (crt/host_runtime.h). A kernel's handle is its function.
cudaError_t __cudaGetKernel(cudaKernel_t* kernel, const void* entry) {
  *kernel = reinterpret_cast<cudaKernel_t>(const_cast<void*>(entry));
  return cudaSuccess;
}
cudaError_t __cudaLaunchKernel(cudaKernel_t kernel, dim3 blocks, dim3 threads, void** arguments,
                               size_t shared_bytes, cudaStream_t stream) {
  return cudaLaunchKernel(kernel, blocks, threads, arguments, shared_bytes, stream);
}
unsigned __cudaPushCallConfiguration(dim3 blocks, dim3 threads, size_t shared_bytes,
                                     CUstream_st* stream) {
  state().configurations.push_back({blocks, threads, shared_bytes, stream});
  return 0;
}
cudaError_t __cudaPopCallConfiguration(dim3* blocks, dim3* threads, size_t* shared_bytes,
                                       void* stream) {
  auto& all = state().configurations;
  if (all.empty()) return done(cudaErrorMissingConfiguration);
  *blocks = all.back().blocks;
  *threads = all.back().threads;
  *shared_bytes = all.back().shared_bytes;
  *static_cast<cudaStream_t*>(stream) = all.back().stream;
  all.pop_back();
  return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int* count) {
  *count = static_cast<int>(state().devices.size());
  return cudaSuccess;
}
cudaError_t cudaGetDevice(int* device) {
  *device = state().device;
  return now();
}
cudaError_t cudaSetDevice(int device) {
  if (moat::cuda_runtime::device_of(device) == nullptr) return done(cudaErrorInvalidDevice);
  state().device = device;
  return now();
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* p, int device) {
  const auto* const d = moat::cuda_runtime::device_of(device);
  if (d == nullptr) return done(cudaErrorInvalidDevice);
  *p = {};
  const std::string name = fmt::format("interpreted {} (not a GPU)", d->architecture);
  name.copy(p->name, sizeof p->name - 1);
  p->major = d->capability / 10;
  p->minor = d->capability % 10;
  p->multiProcessorCount = d->units;
  p->totalGlobalMem = moat::ptx::GlobalMemory::kLimit;
  p->sharedMemPerBlock = 48 << 10;
  p->sharedMemPerBlockOptin = d->shared_bytes;
  p->l2CacheSize = 1 << 20;
  p->warpSize = moat::ptx::kWarp;
  return now();
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  const auto* const d = moat::cuda_runtime::device_of(device);
  if (d == nullptr) return done(cudaErrorInvalidDevice);
  switch (attribute) {
    case cudaDevAttrComputeCapabilityMajor:
      *value = d->capability / 10;
      return now();
    case cudaDevAttrComputeCapabilityMinor:
      *value = d->capability % 10;
      return now();
    default:
      // Neither clocks nor memory that corrects errors.
      return done(cudaErrorInvalidValue);
  }
}
cudaError_t cudaDeviceGetPCIBusId(char* id, int length, int device) {
  fmt::format_to_n(id, length, "0000:00:{:02x}.0", device);
  return now();
}
cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = CUDART_VERSION;
  return now();
}
cudaError_t cudaDriverGetVersion(int* version) {
  *version = CUDART_VERSION;
  return now();
}

cudaError_t cudaGetLastError() {
  state().faulted = false;
  return std::exchange(state().last, cudaSuccess);
}
cudaError_t cudaPeekAtLastError() { return state().last; }
const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "cudaSuccess";
    case cudaErrorLaunchFailure:
      return "cudaErrorLaunchFailure";
    case cudaErrorMemoryAllocation:
      return "cudaErrorMemoryAllocation";
    case cudaErrorInvalidValue:
      return "cudaErrorInvalidValue";
    case cudaErrorNotSupported:
      return "cudaErrorNotSupported";
    case cudaErrorNoKernelImageForDevice:
      return "cudaErrorNoKernelImageForDevice";
    case cudaErrorInvalidDevice:
      return "cudaErrorInvalidDevice";
    case cudaErrorInvalidDeviceFunction:
      return "cudaErrorInvalidDeviceFunction";
    case cudaErrorMissingConfiguration:
      return "cudaErrorMissingConfiguration";
    case cudaErrorInvalidConfiguration:
      return "cudaErrorInvalidConfiguration";
    default:
      return "an error of the CUDA runtime itself";
  }
}
const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "no error";
    case cudaErrorLaunchFailure:
      return state().fault.c_str();
    case cudaErrorMemoryAllocation:
      return "out of memory";
    case cudaErrorInvalidValue:
      return "invalid argument";
    case cudaErrorNotSupported:
      return "the stand-in for the CUDA runtime does not have this";
    case cudaErrorNoKernelImageForDevice:
      return "no PTX for the device that is not compressed: compile with -no-compress and "
             "-gencode arch=compute_80,code=compute_80";
    case cudaErrorInvalidDevice:
      return "no such device";
    case cudaErrorInvalidDeviceFunction:
      return "the function is no kernel that was registered, or its PTX lacks it";
    case cudaErrorMissingConfiguration:
      return "no launch was configured";
    case cudaErrorInvalidConfiguration:
      return "a launch without blocks or threads, or of more than 1024 threads in a block";
    default:
      // Nothing here returns it.
      return "not an error of the stand-in for the CUDA runtime: a function that it does not have "
             "went to the runtime itself, which found no device";
  }
}

cudaError_t cudaMalloc(void** p, size_t bytes) {
  if (now() != cudaSuccess) return now();
  *p = state().memory.allocate(bytes);
  return *p == nullptr ? done(cudaErrorMemoryAllocation) : cudaSuccess;
}
cudaError_t cudaFree(void* p) {
  if (p != nullptr && !state().memory.release(p)) return done(cudaErrorInvalidValue);
  return now();
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t) {
  using moat::cuda_runtime::known;
  if (now() != cudaSuccess) return now();
  bool good = false;
  if (kind == cudaMemcpyHostToDevice) good = known(to, bytes, true);
  if (kind == cudaMemcpyDeviceToHost) good = known(from, bytes, false);
  if (kind == cudaMemcpyDeviceToDevice) good = known(from, bytes, false) && known(to, bytes, true);
  if (!good) return done(cudaErrorInvalidValue);
  std::memmove(to, from, bytes);
  return cudaSuccess;
}
cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  return cudaMemcpyAsync(to, from, bytes, kind, nullptr);
}
cudaError_t cudaMemsetAsync(void* p, int byte, size_t bytes, cudaStream_t) {
  if (now() != cudaSuccess) return now();
  if (!moat::cuda_runtime::known(p, bytes, true)) return done(cudaErrorInvalidValue);
  std::memset(p, byte, bytes);
  return cudaSuccess;
}

cudaError_t cudaMemset(void* p, int byte, size_t bytes) {
  return cudaMemsetAsync(p, byte, bytes, nullptr);
}

cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  static int any;
  *stream = reinterpret_cast<cudaStream_t>(&any);
  return now();
}
cudaError_t cudaStreamDestroy(cudaStream_t) { return now(); }
cudaError_t cudaStreamSynchronize(cudaStream_t) { return now(); }
cudaError_t cudaDeviceSynchronize() { return now(); }
cudaError_t cudaEventCreate(cudaEvent_t* event) {
  *event = new CUevent_st;
  return now();
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return now();
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t) {
  event->time = moat::cuda_runtime::Clock::now();
  return now();
}
cudaError_t cudaEventSynchronize(cudaEvent_t) { return now(); }
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t from, cudaEvent_t to) {
  *milliseconds = std::chrono::duration<float, std::milli>(to->time - from->time).count();
  return now();
}

cudaError_t cudaFuncSetAttribute(const void* entry, cudaFuncAttribute attribute, int value) {
  const auto it = state().functions.find(entry);
  if (it == state().functions.end()) return done(cudaErrorInvalidDeviceFunction);
  if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize || value < 0 ||
      static_cast<size_t>(value) >
          state().devices[static_cast<size_t>(state().device)].shared_bytes) {
    return done(cudaErrorInvalidValue);
  }
  it->second.granted = static_cast<size_t>(value);
  return now();
}
cudaError_t cudaLaunchKernel(const void* entry, dim3 blocks, dim3 threads, void** arguments,
                             size_t shared_bytes, cudaStream_t) {
  if (now() != cudaSuccess) return now();
  return done(moat::cuda_runtime::launch(entry, blocks, threads, arguments, shared_bytes));
}

// CUB's, which launches through them what is embedded compressed.
cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_t* config, const void* entry,
                                void** arguments) {
  return cudaLaunchKernel(entry, config->gridDim, config->blockDim, arguments,
                          config->dynamicSmemBytes, config->stream);
}
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes*, const void*) {
  return done(cudaErrorNotSupported);
}
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int*, const void*, int, size_t,
                                                                   unsigned) {
  return done(cudaErrorNotSupported);
}

cudaError_t cudaGetDriverEntryPointByVersion(const char* name, void** function, unsigned version,
                                             unsigned long long,
                                             cudaDriverEntryPointQueryResult* found) {
  *function = nullptr;
  const bool there = std::strcmp(name, "cuTensorMapEncodeTiled") == 0 && version >= 12000;
  *found = there ? cudaDriverEntryPointSuccess : cudaDriverEntryPointSymbolNotFound;
  if (there) *function = reinterpret_cast<void*>(&moat::cuda_runtime::encode_tiled);
  return now();
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming, bugprone-reserved-identifier)
