// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/miopen.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "bench/baselines/device_memory.hpp"
#include "bench/baselines/miopen_api.hpp"

namespace moat {
namespace {

using miopen::Status;
using Owned = std::unique_ptr<void, Status (*)(void*)>;

// Older ones may run the kernel of another type: their cache of kernels knows no type (ROCm/MIOpen,
// issue 2966, mended by pull request 2992 in 3.2). Newer ones are not known.
constexpr std::size_t kMajor = 3;
constexpr std::size_t kOldestMinor = 2;

class Miopen final : public Baseline {
 public:
  Miopen(Device& device, const SharedLibrary& library)
      : api_(library), device_(device), handle_(nullptr, api_.destroy) {
    std::size_t major = 0;
    std::size_t minor = 0;
    std::size_t patch = 0;
    api_.check(api_.version(&major, &minor, &patch), "miopenGetVersion");
    version_ = fmt::format("{}.{}.{}", major, minor, patch);
    if (major != kMajor || minor < kOldestMinor) {
      throw std::runtime_error("its version is " + version_ +
                               ", and it is called as 3.2 to 3 have it; older ones mix up the "
                               "types of softmax");
    }
    void* const stream = device_.stream();  // makes the device current, which the handle takes
    void* handle = nullptr;
    api_.check(api_.create(&handle, stream), "miopenCreateWithStream");
    handle_.reset(handle);
  }

  std::string name() const override { return "miopen"; }
  std::string version() const override { return version_; }
  std::string detail() const override { return "softmax, MIOPEN_SOFTMAX_ACCURATE"; }
  std::string kernel(const Problem&) const override {
    return "its own choice, which it does not tell";
  }

  std::optional<std::string> unsupported(const Problem& problem) const override {
    const auto* rows = std::get_if<RowsProblem>(&problem);
    if (rows == nullptr || rows->op != RowsOp::softmax) {
      return "of MIOpen, only its softmax is a baseline";
    }
    // What its kernels multiply in 24 bits and index in 32 (src/kernels/MIOpenSoftmax.cl of
    // ROCm 6.2).
    constexpr int kMostOfEither = 1 << 24;
    if (rows->rows >= kMostOfEither || rows->cols >= kMostOfEither ||
        std::int64_t{rows->rows} * rows->cols > std::numeric_limits<std::int32_t>::max()) {
      return "MIOpen's softmax indexes 2³¹ elements, and 2²⁴ rows and columns";
    }
    const auto known = trials_.find(rows->dtype);
    if (known != trials_.end()) return known->second;
    std::optional<std::string> reason;
    try {
      reason = trial(rows->dtype);
    } catch (const std::runtime_error& e) {
      reason = e.what();
    }
    trials_.emplace(rows->dtype, reason);
    return reason;
  }

  std::function<void(const Problem&)> prepare(const Problem& problem) override {
    if (const auto reason = unsupported(problem)) throw std::runtime_error(*reason);
    const std::shared_ptr<void> tensor = tensor_of(std::get<RowsProblem>(problem));
    return [this, tensor](const Problem& p) { solve(tensor.get(), std::get<RowsProblem>(p)); };
  }

 private:
  Owned tensor_of(const RowsProblem& p) const {
    void* created = nullptr;
    api_.check(api_.tensor_create(&created), "miopenCreateTensorDescriptor");
    Owned tensor(created, api_.tensor_destroy);
    api_.check(api_.tensor_set(created, miopen::kTypes.of(p.dtype).value(), p.rows, p.cols, 1, 1),
               "miopenSet4dTensorDescriptor");
    return tensor;
  }

  void solve(void* tensor, const RowsProblem& p) const {
    const float one = 1;
    const float zero = 0;
    device_.stream();  // makes the device current
    api_.check(api_.softmax(handle_.get(), &one, tensor, p.x, &zero, tensor, p.y, miopen::kAccurate,
                            miopen::kInstance),
               "miopenSoftmaxForward_V2");
  }

  // Why the library does not solve softmax of this type, from one call: ROCm 6 has none for bf16,
  // and adds up f16 in f16, whose sum of many small elements is far off.
  std::optional<std::string> trial(DType type) const {
    if (!miopen::kTypes.of(type)) return fmt::format("MIOpen is not asked for {}", name_of(type));
    constexpr std::size_t kColumns = 65536;
    constexpr float kSmall = -6.9f;
    constexpr double kMost = 1.0 / 256;  // the rounding of a result is at most half of this
    RowsProblem p{.dtype = type, .rows = 1, .cols = kColumns};
    const std::size_t bytes = kColumns * size_of(type);
    const DeviceMemory x(device_, bytes);
    const DeviceMemory y(device_, bytes);
    double off = 0;
    with_dtype(type, [&]<class T>(Type<T>) {
      std::vector<T> row(kColumns, from_float<T>(kSmall));
      row[0] = from_float<T>(0);
      device_.upload(x.data(), row.data(), bytes);
      const double want = 1 / (1 + (kColumns - 1) * std::exp(double{to_float(row[1])}));
      p.x = x.data();
      p.y = y.data();
      solve(tensor_of(p).get(), p);
      device_.synchronize();
      device_.download(row.data(), y.data(), bytes);
      off = std::abs(double{to_float(row[0])} / want - 1);
    });
    if (off <= kMost) return std::nullopt;
    return fmt::format("MIOpen {} is off by {:.1f} % in {}, in a row of {} elements", version_,
                       100 * off, name_of(type), kColumns);
  }

  miopen::Api api_;
  Device& device_;
  Owned handle_;
  std::string version_;
  mutable std::map<DType, std::optional<std::string>> trials_;
};

}  // namespace

void open_miopen(Device& device, std::span<const RocmFile> files, const std::string& folder,
                 Baselines& baselines) {
  try {
    baselines.found.push_back(
        std::make_unique<Miopen>(device, load_rocm_library(device.info(), files, folder)));
  } catch (const std::exception& e) {
    baselines.absent.push_back({"miopen", e.what()});
  }
}

void open_miopen(Device& device, Baselines& baselines) {
  static const std::array kFiles = {RocmFile{6, "libMIOpen.so.1"}, RocmFile{7, "libMIOpen.so.1"}};
  open_miopen(device, kFiles, kRocmFolder, baselines);
}

}  // namespace moat
