// SPDX-License-Identifier: Apache-2.0
// A stand-in for cuBLASLt, as its documentation has its functions (cuBLAS 13, "Using the cuBLASLt
// API"), with the numbers of its header.
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "problems/codes.hpp"
#include "tests/bench/baselines/column_major_gemm.hpp"
#include "tests/bench/baselines/standin.hpp"

namespace {

standin::State state{.major = 13, .minor = 1, .patch = 0};

enum Status { kSuccess = 0, kInvalidValue = 7, kNotSupported = 15 };
enum Compute { kCompute32F = 68 };
enum DataType { kF32 = 0, kF16 = 2, kBF16 = 14, kE4M3 = 28 };
enum Operation { kN = 0, kT = 1 };
enum DescAttribute {
  kTransA = 3,
  kTransB = 4,
  kScalesOfA = 17,
  kScalesOfB = 18,
  kModeOfA = 31,
  kModeOfB = 32
};
enum Mode { kScalar = 0, kVector128 = 4, kBlock128 = 5 };
enum PreferenceAttribute { kMaxWorkspaceBytes = 1 };
enum TransformAttribute { kTransformA = 2 };

struct Algo {
  std::uint64_t data[8];
};

struct Result {
  Algo algo;
  std::size_t workspace_size;
  Status state;
  float waves_count;
  int reserved[4];
};

struct Handle {
  int unused;
};

struct Desc {
  Operation a = kN;
  Operation b = kN;
  std::int32_t mode_of_a = kScalar;
  std::int32_t mode_of_b = kScalar;
  const float* scales_of_a = nullptr;
  const float* scales_of_b = nullptr;
};

struct Layout {
  DataType type;
  std::uint64_t rows;
  std::uint64_t cols;
  std::int64_t ld;
};

struct Preference {
  std::uint64_t max_workspace = 0;
};

struct Transform {
  Operation a = kN;
};

constexpr std::uint64_t kAlgorithm = 4711;
constexpr std::size_t kNeeded = 4096;

// The failure that the test asked for.
Status status_of(const char* function) {
  return state.failing == function ? static_cast<Status>(state.status) : kSuccess;
}

template <class T, class... Given>
Status make(const char* function, T** made, Given... given) {
  if (status_of(function) != kSuccess) return status_of(function);
  *made = new T{given...};
  ++state.live;
  return kSuccess;
}

template <class T>
Status destroy(T* made) {
  delete made;
  --state.live;
  return kSuccess;
}

template <class T>
Status take(T* to, const void* value, std::size_t bytes) {
  if (value == nullptr || bytes != sizeof *to) return kInvalidValue;
  std::memcpy(to, value, bytes);
  return kSuccess;
}

double load(const Layout& l, const void* p, std::int64_t at) {
  switch (l.type) {
    case kE4M3:
      return double{moat::decode(static_cast<const moat::e4m3*>(p)[at])};
    case kF16:
      return standin::load(moat::DType::f16, p, at);
    case kBF16:
      return standin::load(moat::DType::bf16, p, at);
    case kF32:
      break;
  }
  return standin::load(moat::DType::f32, p, at);
}

void store(const Layout& l, void* p, std::int64_t at, double value) {
  const moat::DType type = l.type == kF16    ? moat::DType::f16
                           : l.type == kBF16 ? moat::DType::bf16
                                             : moat::DType::f32;
  standin::store(type, p, at, value);
}

std::int64_t size_of(DataType t) { return t == kE4M3 ? 1 : t == kF32 ? 4 : 2; }

// D is m × n, and k is summed over.
struct Extents {
  std::int64_t m, n, k;
};

Extents extents(const Desc& desc, const Layout& a, const Layout& d) {
  return {static_cast<std::int64_t>(d.rows), static_cast<std::int64_t>(d.cols),
          static_cast<std::int64_t>(desc.a == kN ? a.cols : a.rows)};
}

bool fits(const Desc& desc, const Layout& a, const Layout& b, const Layout& d) {
  const std::uint64_t m = desc.a == kN ? a.rows : a.cols;
  const std::uint64_t k = desc.a == kN ? a.cols : a.rows;
  const std::uint64_t inner = desc.b == kN ? b.rows : b.cols;
  const std::uint64_t n = desc.b == kN ? b.cols : b.rows;
  return m == d.rows && n == d.cols && k == inner && a.type == b.type;
}

bool blocks(std::int32_t mode) { return mode == kVector128 || mode == kBlock128; }

bool aligned(const void* p) {
  return p != nullptr && reinterpret_cast<std::uintptr_t>(p) % 16 == 0;
}

// What "cublasLtMatmul()" and "128-element 1D and 128x128 2D Block Scaling For FP8 Data Types" ask
// of a product of 8-bit floats.
bool has_product(const Desc& desc, const Layout& a, const Layout& b, const Layout& d) {
  if (a.type != kE4M3) {
    return a.type == d.type && !blocks(desc.mode_of_a) && !blocks(desc.mode_of_b);
  }
  const Extents e = extents(desc, a, d);
  if (desc.a != kT || desc.b != kN || d.type == kE4M3) return false;
  for (const Layout* l : {&a, &b, &d}) {
    const auto row = static_cast<std::int64_t>(l->rows);
    if (row * size_of(l->type) % 16 != 0 || l->ld * size_of(l->type) % 16 != 0) return false;
  }
  if (!blocks(desc.mode_of_a) && !blocks(desc.mode_of_b)) return true;
  if (desc.mode_of_a == kBlock128 && desc.mode_of_b == kBlock128) return false;
  return blocks(desc.mode_of_a) && blocks(desc.mode_of_b) && e.m % 4 == 0 && e.n % 4 == 0 &&
         aligned(desc.scales_of_a) && aligned(desc.scales_of_b);
}

// The scale of a row of op(A), or a column of op(B), of which there are `outer`, at a step of k:
// "Scaling factors layouts".
double scale(std::int32_t mode, const float* scales, std::int64_t outer, std::int64_t at,
             std::int64_t step, std::int64_t k) {
  if (scales == nullptr) return 1;
  if (mode == kScalar) return double{scales[0]};
  if (mode == kVector128) return double{scales[step / 128 * outer + at]};
  const std::int64_t column = ((k + 127) / 128 + 3) / 4 * 4;
  return double{scales[at / 128 * column + step / 128]};
}

}  // namespace

// NOLINTBEGIN(readability-identifier-naming): the names are the library's.
extern "C" {

standin::State* standin_state() { return &state; }

Status cublasLtCreate(Handle** handle) { return make("cublasLtCreate", handle); }
Status cublasLtDestroy(Handle* handle) { return destroy(handle); }

std::size_t cublasLtGetVersion() {
  return static_cast<std::size_t>(state.major * 10000 + state.minor * 100 + state.patch);
}

const char* cublasLtGetStatusName(Status status) {
  switch (static_cast<int>(status)) {
    case 1:
      return "CUBLAS_STATUS_NOT_INITIALIZED";
    case 3:
      return "CUBLAS_STATUS_ALLOC_FAILED";
    case 7:
      return "CUBLAS_STATUS_INVALID_VALUE";
    case 13:
      return "CUBLAS_STATUS_EXECUTION_FAILED";
    case 15:
      return "CUBLAS_STATUS_NOT_SUPPORTED";
    default:
      return "a status of the stand-in";
  }
}

Status cublasLtMatmulDescCreate(Desc** desc, Compute compute, DataType scale_type) {
  if (compute != kCompute32F || scale_type != kF32) return kInvalidValue;
  return make("cublasLtMatmulDescCreate", desc);
}
Status cublasLtMatmulDescDestroy(Desc* desc) { return destroy(desc); }

Status cublasLtMatmulDescSetAttribute(Desc* desc, DescAttribute attribute, const void* value,
                                      std::size_t bytes) {
  if (status_of("cublasLtMatmulDescSetAttribute") != kSuccess) {
    return static_cast<Status>(state.status);
  }
  switch (attribute) {
    case kTransA:
      return take(&desc->a, value, bytes);
    case kTransB:
      return take(&desc->b, value, bytes);
    case kScalesOfA:
      return take(&desc->scales_of_a, value, bytes);
    case kScalesOfB:
      return take(&desc->scales_of_b, value, bytes);
    case kModeOfA:
      return take(&desc->mode_of_a, value, bytes);
    case kModeOfB:
      return take(&desc->mode_of_b, value, bytes);
  }
  return kInvalidValue;
}

Status cublasLtMatrixLayoutCreate(Layout** layout, DataType type, std::uint64_t rows,
                                  std::uint64_t cols, std::int64_t ld) {
  if (ld < static_cast<std::int64_t>(rows)) return kInvalidValue;
  if (type != kF32 && type != kF16 && type != kBF16 && type != kE4M3) return kInvalidValue;
  return make("cublasLtMatrixLayoutCreate", layout, type, rows, cols, ld);
}
Status cublasLtMatrixLayoutDestroy(Layout* layout) { return destroy(layout); }

Status cublasLtMatmulPreferenceCreate(Preference** preference) {
  return make("cublasLtMatmulPreferenceCreate", preference);
}
Status cublasLtMatmulPreferenceDestroy(Preference* preference) { return destroy(preference); }

Status cublasLtMatmulPreferenceSetAttribute(Preference* preference, PreferenceAttribute attribute,
                                            const void* value, std::size_t bytes) {
  if (attribute != kMaxWorkspaceBytes) return kInvalidValue;
  if (take(&preference->max_workspace, value, bytes) != kSuccess) return kInvalidValue;
  state.workspace_limit = preference->max_workspace;
  return status_of("cublasLtMatmulPreferenceSetAttribute");
}

Status cublasLtMatmulAlgoGetHeuristic(Handle*, Desc* desc, Layout* a, Layout* b, Layout* c,
                                      Layout* d, Preference* preference, int asked,
                                      Result results[], int* found) {
  if (asked < 1 || c->ld != d->ld || !fits(*desc, *a, *b, *d)) return kInvalidValue;
  *found = 0;
  if (status_of("cublasLtMatmulAlgoGetHeuristic") != kSuccess) {
    return static_cast<Status>(state.status);
  }
  if (!has_product(*desc, *a, *b, *d)) return kNotSupported;
  if (state.no_algorithm || preference->max_workspace < kNeeded) return kSuccess;
  *found = 1;
  results[0] = {.algo = {.data = {kAlgorithm}},
                .workspace_size = kNeeded,
                .state = kSuccess,
                .waves_count = 1,
                .reserved = {}};
  return kSuccess;
}

Status cublasLtMatmulAlgoConfigGetAttribute(const Algo* algo, int attribute, void* value,
                                            std::size_t bytes, std::size_t* written) {
  const std::int32_t number =
      attribute == 0 ? static_cast<std::int32_t>(algo->data[0]) : 100 + attribute;
  if (bytes != sizeof number) return kInvalidValue;
  std::memcpy(value, &number, bytes);
  *written = bytes;
  return kSuccess;
}

Status cublasLtMatmul(Handle*, Desc* desc, const void* alpha, const void* a, Layout* a_layout,
                      const void* b, Layout* b_layout, const void* beta, const void* c,
                      Layout* c_layout, void* d, Layout* d_layout, const Algo* algo,
                      void* workspace, std::size_t workspace_bytes, void* stream) {
  if (algo->data[0] != kAlgorithm || workspace_bytes < kNeeded) return kInvalidValue;
  if (!fits(*desc, *a_layout, *b_layout, *d_layout) || c_layout->ld != d_layout->ld) {
    return kInvalidValue;
  }
  if (!has_product(*desc, *a_layout, *b_layout, *d_layout)) return kNotSupported;
  if (status_of("cublasLtMatmul") != kSuccess) return static_cast<Status>(state.status);
  state.stream = stream;
  state.workspace = workspace;
  state.workspace_bytes = workspace_bytes;
  ++state.solved;
  std::memset(workspace, 0xff, workspace_bytes);
  const double by = double{*static_cast<const float*>(alpha)};
  const double of_c = double{*static_cast<const float*>(beta)};
  const Extents e = extents(*desc, *a_layout, *d_layout);
  for (std::int64_t col = 0; col < e.n; ++col) {
    for (std::int64_t row = 0; row < e.m; ++row) {
      double sum = 0;
      for (std::int64_t i = 0; i < e.k; ++i) {
        const std::int64_t at_a = desc->a == kT ? i + row * a_layout->ld : row + i * a_layout->ld;
        const std::int64_t at_b = desc->b == kT ? col + i * b_layout->ld : i + col * b_layout->ld;
        sum += scale(desc->mode_of_a, desc->scales_of_a, e.m, row, i, e.k) *
               scale(desc->mode_of_b, desc->scales_of_b, e.n, col, i, e.k) *
               load(*a_layout, a, at_a) * load(*b_layout, b, at_b);
      }
      const std::int64_t at = row + col * d_layout->ld;
      store(*d_layout, d, at, by * sum + (of_c == 0 ? 0 : of_c * load(*c_layout, c, at)));
    }
  }
  return kSuccess;
}

Status cublasLtMatrixTransformDescCreate(Transform** transform, DataType scale_type) {
  if (scale_type != kF32) return kInvalidValue;
  return make("cublasLtMatrixTransformDescCreate", transform);
}
Status cublasLtMatrixTransformDescDestroy(Transform* transform) { return destroy(transform); }

Status cublasLtMatrixTransformDescSetAttribute(Transform* transform, TransformAttribute attribute,
                                               const void* value, std::size_t bytes) {
  if (attribute != kTransformA) return kInvalidValue;
  if (take(&transform->a, value, bytes) != kSuccess) return kInvalidValue;
  return status_of("cublasLtMatrixTransformDescSetAttribute");
}

// C = alpha · op(A); a second matrix is not stood in for.
Status cublasLtMatrixTransform(Handle*, Transform* transform, const void* alpha, const void* a,
                               Layout* a_layout, const void* beta, const void* b, Layout* b_layout,
                               void* c, Layout* c_layout, void* stream) {
  const bool turned = transform->a == kT;
  if (b != nullptr || b_layout != nullptr || *static_cast<const float*>(beta) != 0 ||
      (turned ? a_layout->cols : a_layout->rows) != c_layout->rows ||
      (turned ? a_layout->rows : a_layout->cols) != c_layout->cols) {
    return kInvalidValue;
  }
  if (status_of("cublasLtMatrixTransform") != kSuccess) return static_cast<Status>(state.status);
  state.stream = stream;
  ++state.moved;
  const double by = double{*static_cast<const float*>(alpha)};
  for (std::int64_t col = 0; col < static_cast<std::int64_t>(c_layout->cols); ++col) {
    for (std::int64_t row = 0; row < static_cast<std::int64_t>(c_layout->rows); ++row) {
      const std::int64_t from = turned ? col + row * a_layout->ld : row + col * a_layout->ld;
      store(*c_layout, c, row + col * c_layout->ld, by * load(*a_layout, a, from));
    }
  }
  return kSuccess;
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
