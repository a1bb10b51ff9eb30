// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/openblas.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "bench/baselines/cblas.hpp"

namespace moat {
namespace {

constexpr const char* kCoreVariable = "OPENBLAS_CORETYPE";

// The OpenMP build shares its threads with ours; the system's default may be the serial one.
constexpr std::array<const char*, 3> kLibraries = {
    MOAT_LIBRARY_DIR "/openblas-openmp/libopenblas.so.0",
    MOAT_LIBRARY_DIR "/openblas-pthread/libopenblas.so.0", "libopenblas.so.0"};

struct Loaded {
  void* handle = nullptr;
  std::string path;
};

Loaded load() {
  for (const char* path : kLibraries) {
    if (void* handle = dlopen(path, RTLD_NOW | RTLD_LOCAL)) return {.handle = handle, .path = path};
  }
  return {};
}

template <class F>
F* symbol(const Loaded& library, const char* name) {
  void* address = dlsym(library.handle, name);
  if (address == nullptr) {
    throw std::runtime_error(fmt::format("{} lacks the function {}", library.path, name));
  }
  return reinterpret_cast<F*>(address);
}

// The core that OpenBLAS chooses, asked in a child process because a loaded library chose for good.
// None if it does not come to an end: where its buffers find no room (ulimit -v), it tries for
// ever.
std::optional<std::string> probe_core() {
  int ends[2];
  if (pipe(ends) != 0) return std::string();
  const pid_t child = fork();
  if (child == 0) {
    constexpr rlimit kProcessorSeconds{.rlim_cur = 2, .rlim_max = 2};
    constexpr unsigned kSeconds = 60;  // of a machine that is busy
    setrlimit(RLIMIT_CPU, &kProcessorSeconds);
    alarm(kSeconds);
    close(ends[0]);
    const Loaded library = load();
    if (library.handle != nullptr) {
      void* address = dlsym(library.handle, "openblas_get_corename");
      if (address != nullptr) {
        const std::string_view core = reinterpret_cast<char* (*)()>(address)();
        if (write(ends[1], core.data(), core.size()) < 0) _exit(1);
      }
    }
    _exit(0);
  }
  close(ends[1]);
  std::string core;
  std::array<char, 64> buffer;
  for (;;) {
    const ssize_t n = child > 0 ? read(ends[0], buffer.data(), buffer.size()) : 0;
    if (n <= 0) break;
    core.append(buffer.data(), static_cast<std::size_t>(n));
  }
  close(ends[0]);
  int status = 0;
  if (child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status)) return std::nullopt;
  return core;
}

// An environment variable while the library loads.
class ScopedVariable {
 public:
  ScopedVariable(const char* name, const std::string& value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    setenv(name, value.c_str(), 1);
  }
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;
  ~ScopedVariable() {
    if (old_) {
      setenv(name_, old_->c_str(), 1);
    } else {
      unsetenv(name_);
    }
  }

 private:
  const char* name_;
  std::optional<std::string> old_;
};

class OpenBlas final : public Baseline {
 public:
  OpenBlas(const Loaded& library, int threads, const std::string& detected)
      : sgemm_(symbol<Sgemm>(library, "cblas_sgemm")),
        set_threads_(symbol<void(int)>(library, "openblas_set_num_threads")),
        threads_(threads) {
    const std::string config = symbol<char*()>(library, "openblas_get_config")();
    if (config.find("USE64BITINT") != std::string::npos) {
      throw std::runtime_error(library.path + " is built for 64-bit integers");
    }
    // "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH …"
    const std::size_t begin = config.find(' ') + 1;
    version_ = config.substr(begin, config.find(' ', begin) - begin);
    const std::string core = symbol<char*()>(library, "openblas_get_corename")();
    const int parallel = symbol<int()>(library, "openblas_get_parallel")();
    detail_ = fmt::format("core {}", core);
    if (core != detected && !detected.empty()) {
      detail_ += fmt::format(" (set by {}, because it chose {})", kCoreVariable, detected);
    }
    detail_ += parallel == 2 ? ", OpenMP" : parallel == 1 ? ", pthreads" : ", serial";
    if (parallel == 0 && threads > 1) {
      throw std::runtime_error(
          fmt::format("{} is the serial build; install libopenblas0-openmp", library.path));
    }
  }

  std::string name() const override { return "openblas"; }
  std::string version() const override { return version_; }
  std::string detail() const override { return detail_; }
  std::string kernel(const Problem&) const override { return "sgemm"; }

  std::optional<std::string> unsupported(const Problem& problem) const override {
    return no_sgemm("OpenBLAS", problem);
  }

  std::function<void(const Problem&)> prepare(const Problem& problem) override {
    if (const auto reason = unsupported(problem)) throw std::runtime_error(*reason);
    return [this](const Problem& p) {
      set_threads_(threads_);
      multiply(sgemm_, std::get<GemmProblem>(p));
    };
  }

 private:
  Sgemm* sgemm_;
  void (*set_threads_)(int);
  int threads_;
  std::string version_;
  std::string detail_;
};

}  // namespace

VectorLevel cpu_vector_level() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512cd")) {
    return VectorLevel::avx512;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return VectorLevel::avx2;
  if (__builtin_cpu_supports("avx")) return VectorLevel::avx;
#endif
  return VectorLevel::sse;
}

std::optional<std::string> better_core(const std::string& core, VectorLevel cpu) {
  // x86 names of OpenBLAS 0.3.21 (cpuid_x86.c) below AVX-512; the AVX2 ones also serve Zen.
  static constexpr std::array<std::string_view, 15> kSse = {
      "prescott", "core2",  "penryn",  "dunnington",   "nehalem",
      "atom",     "athlon", "opteron", "opteron_sse3", "barcelona",
      "bobcat",   "nano",   "katmai",  "coppermine",   "northwood"};
  static constexpr std::array<std::string_view, 4> kAvx = {"sandybridge", "bulldozer", "piledriver",
                                                           "steamroller"};
  static constexpr std::array<std::string_view, 3> kAvx2 = {"haswell", "zen", "excavator"};
  std::string lower = core;
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  VectorLevel level = VectorLevel::avx512;
  if (std::ranges::find(kSse, lower) != kSse.end()) level = VectorLevel::sse;
  if (std::ranges::find(kAvx, lower) != kAvx.end()) level = VectorLevel::avx;
  if (std::ranges::find(kAvx2, lower) != kAvx2.end()) level = VectorLevel::avx2;
  if (level >= cpu) return std::nullopt;
  switch (cpu) {
    case VectorLevel::avx512:
      return "SKYLAKEX";
    case VectorLevel::avx2:
      return "HASWELL";
    default:
      return "SANDYBRIDGE";
  }
}

VectorLevel required_level(VectorLevel cpu, const std::string& build, bool asked) {
  return asked && build == "avx2" ? std::min(cpu, VectorLevel::avx2) : cpu;
}

void open_openblas(int threads, const std::string& build, Baselines& baselines) {
  const std::optional<std::string> probed = probe_core();
  if (!probed) {
    baselines.absent.push_back(
        {"openblas",
         "it does not load within 2 s of processor time; is memory limited (ulimit -v)?"});
    return;
  }
  const std::string& detected = *probed;
  std::optional<ScopedVariable> variable;
  const bool asked = std::getenv(kCoreVariable) != nullptr;
  if (const auto core = better_core(detected, required_level(cpu_vector_level(), build, asked))) {
    variable.emplace(kCoreVariable, *core);
  }
  const Loaded library = load();
  if (library.handle == nullptr) {
    baselines.absent.push_back({"openblas",
                                "libopenblas.so.0 is not installed (Debian, Ubuntu: "
                                "libopenblas0-openmp)"});
    return;
  }
  try {
    baselines.found.push_back(std::make_unique<OpenBlas>(library, threads, detected));
  } catch (const std::exception& e) {
    baselines.absent.push_back({"openblas", e.what()});
  }
}

}  // namespace moat
