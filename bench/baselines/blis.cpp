// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/blis.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <stdexcept>

#include "bench/baselines/cblas.hpp"

namespace moat {
namespace {

// BLIS's own types, as its documents have them (docs/BLISTypedAPI.md, docs/Multithreading.md):
// gint_t and dim_t have the width of a register unless it was configured otherwise, arch_t is an
// enumeration.
using Integer = std::int64_t;

class Blis final : public Baseline {
 public:
  Blis(const SharedLibrary& library, int threads)
      : sgemm_(library.symbol<Sgemm>("cblas_sgemm")),
        set_threads_(library.symbol<void(Integer)>("bli_thread_set_num_threads")),
        threads_(threads),
        version_(library.symbol<const char*()>("bli_info_get_version_str")()) {
    if (library.symbol<Integer()>("bli_info_get_blas_int_type_size")() != 32) {
      throw std::runtime_error("it is built for 64-bit integers");
    }
    const bool parallel = library.symbol<Integer()>("bli_info_get_enable_openmp")() != 0;
    if (!parallel && threads > 1) {
      throw std::runtime_error("it is built without OpenMP");
    }
    const int kernels = library.symbol<int()>("bli_arch_query_id")();
    kernels_ = library.symbol<const char*(int)>("bli_arch_string")(kernels);
    detail_ = fmt::format("kernels {}, {}", kernels_, parallel ? "OpenMP" : "serial");
  }

  std::string name() const override { return "blis"; }
  std::string version() const override { return version_; }
  std::string detail() const override { return detail_; }
  std::string kernel(const Problem&) const override { return "sgemm, " + kernels_; }

  std::optional<std::string> unsupported(const Problem& problem) const override {
    return no_sgemm("BLIS", problem);
  }

  std::function<void(const Problem&)> prepare(const Problem& problem) override {
    if (const auto reason = unsupported(problem)) throw std::runtime_error(*reason);
    return [this](const Problem& p) {
      set_threads_(threads_);
      multiply(sgemm_, std::get<GemmProblem>(p));
    };
  }

  bool portable() const { return kernels_ == "generic"; }

 private:
  Sgemm* sgemm_;
  void (*set_threads_)(Integer);
  int threads_;
  std::string version_;
  std::string kernels_;
  std::string detail_;
};

}  // namespace

std::unique_ptr<Baseline> make_blis(const SharedLibrary& library, int threads) {
  return std::make_unique<Blis>(library, threads);
}

void open_blis(int threads, std::span<const BlisFile> files, Baselines& baselines) {
  std::string reasons;
  for (const auto& [name, folder] : files) {
    std::optional<SharedLibrary> library;
    try {
      library.emplace(name, folder);
    } catch (const std::runtime_error&) {
      continue;  // there are several names, of which one will do
    }
    if (!reasons.empty()) reasons += "; ";
    try {
      auto blis = std::make_unique<Blis>(*library, threads);
      if (!blis->portable()) {
        baselines.found.push_back(std::move(blis));
        return;
      }
      reasons += fmt::format(
          "{} ({}) runs portable loops here (generic), as Debian's does: build BLIS for this "
          "processor (configure --enable-cblas -t openmp auto, or skx or haswell by name) and add "
          "its folder to LD_LIBRARY_PATH",
          name, blis->version());
    } catch (const std::runtime_error& e) {
      reasons += fmt::format("{}: {}", name, e.what());
    }
  }
  if (reasons.empty()) {
    reasons =
        "libblis.so.4 was not found: build BLIS for this processor and add its folder to "
        "LD_LIBRARY_PATH (Debian's libblis4-openmp has portable loops only)";
  }
  baselines.absent.push_back({"blis", reasons});
}

void open_blis(int threads, Baselines& baselines) {
  // AMD's own BLIS has its threads in a library of another name.
  static const std::array<BlisFile, 2> files{
      BlisFile{"libblis-mt.so", "/nowhere"},
      BlisFile{"libblis.so.4", MOAT_LIBRARY_DIR "/blis-openmp"}};
  open_blis(threads, files, baselines);
}

}  // namespace moat
