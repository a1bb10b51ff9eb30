// SPDX-License-Identifier: Apache-2.0
// A kernel of Triton's, compiled ahead of time, through the driver: no CUDA Toolkit, no Python when
// it runs.
//   python3 examples/plugins/triton/compile.py 90 rmsnorm_cubin.h
//   g++ -O3 -std=c++17 -shared -fPIC -I include -I . examples/plugins/triton/rmsnorm.cpp -o
//   librmsnorm.so -ldl moat run --plugin ./librmsnorm.so --kernel rmsnorm --dtype f32 --device
//   cuda:0
#include <dlfcn.h>

#include "moat/plugin.h"
#include "rmsnorm_cubin.h"

namespace {

// Of the driver's interface (cuda.h), loaded when the first case is prepared.
using Result = int;
using Module = struct ModuleTag*;
using Function = struct FunctionTag*;
using Stream = void*;
struct Driver {
  Result (*load)(Module*, const void*);
  Result (*find)(Function*, Module, const char*);
  Result (*launch)(Function, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,
                   Stream, void**, void**);
  Result (*name)(Result, const char**);
};

Driver driver{};
Function kernel = nullptr;
const char* failure = nullptr;

int failed(Result result) {
  if (driver.name == nullptr || driver.name(result, &failure) != 0) failure = "an unknown error";
  return 1;
}

template <class F>
bool load(void* library, F*& function, const char* name) {
  function = reinterpret_cast<F*>(dlsym(library, name));
  return function != nullptr;
}

// The harness's context is current here.
int prepare(const MoatDevice*, const MoatProblem*, void**) {
  if (kernel != nullptr) return 0;
  void* const library = dlopen("libcuda.so.1", RTLD_NOW);
  if (library == nullptr || !load(library, driver.load, "cuModuleLoadData") ||
      !load(library, driver.find, "cuModuleGetFunction") ||
      !load(library, driver.launch, "cuLaunchKernel") ||
      !load(library, driver.name, "cuGetErrorName")) {
    failure = "there is no libcuda.so.1 with the functions that are needed";
    return 1;
  }
  Module module = nullptr;
  if (const Result r = driver.load(&module, kCubin); r != 0) return failed(r);
  const Result r = driver.find(&kernel, module, kName);
  return r == 0 ? 0 : failed(r);
}

int solve(const MoatDevice* device, const MoatProblem* problem, void*) {
  MoatRows p = *problem->as.rows;
  void* scratch = nullptr;
  void* arguments[5 + kScratchPointers] = {&p.x, &p.weight, &p.y, &p.cols, &p.epsilon};
  for (int i = 0; i < kScratchPointers; ++i) arguments[5 + i] = &scratch;
  const auto rows = static_cast<unsigned>(p.rows);
  const Result r = driver.launch(kernel, rows, 1, 1, kThreads, 1, 1, kSharedBytes, device->stream,
                                 arguments, nullptr);
  return r == 0 ? 0 : failed(r);
}

const char* error() { return failure; }

}  // namespace

extern "C" const MoatPlugin* moat_plugin(uint32_t, uint32_t) {
  static const MoatSolves norms = {sizeof(MoatSolves), "rmsnorm", "f32", nullptr};
  static const MoatSolves* const solves[] = {&norms, nullptr};
  static const char* const sources[] = {"examples/plugins/triton/compile.py", kTriton, nullptr};
  static const MoatPlugin plugin = [] {
    MoatPlugin p{};
    p.size = sizeof p;
    p.major = MOAT_PLUGIN_MAJOR;
    p.minor = MOAT_PLUGIN_MINOR;
    p.name = "triton-rmsnorm";
    p.version = "1.0";
    p.backend = "cuda";
    p.sources = sources;
    p.solves = solves;
    p.prepare = prepare;
    p.solve = solve;
    p.error = error;
    return p;
  }();
  return &plugin;
}
