// SPDX-License-Identifier: Apache-2.0
// A stand-in for hipBLASLt, as the reference of its functions has them (ROCm 6.2's documents,
// hipBLASLt API reference).
#include <cstring>
#include <new>

#include "tests/bench/baselines/column_major_gemm.hpp"
#include "tests/bench/baselines/standin.hpp"

namespace {

standin::State state{.major = 0, .minor = 8, .patch = 0};

enum Status { kSuccess = 0, kInvalidValue = 3, kNotSupported = 7 };
enum Compute { kCompute32F = 2 };
enum DataType { kF32 = 0, kF16 = 2, kBF16 = 14 };
enum Operation { kN = 111, kT = 112 };
enum DescAttribute { kTransA = 0, kTransB = 1 };
enum PreferenceAttribute { kMaxWorkspaceBytes = 1 };

struct Algo {
  unsigned char data[16];
  std::size_t max_workspace_bytes;
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

constexpr int kSolution = 4711;
constexpr std::size_t kNeeded = 4096;

moat::DType type_of(DataType t) {
  return t == kF32 ? moat::DType::f32 : t == kF16 ? moat::DType::f16 : moat::DType::bf16;
}

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

bool fits(const Desc& desc, const Layout& a, const Layout& b, const Layout& d) {
  const std::uint64_t m = desc.a == kN ? a.rows : a.cols;
  const std::uint64_t k = desc.a == kN ? a.cols : a.rows;
  const std::uint64_t inner = desc.b == kN ? b.rows : b.cols;
  const std::uint64_t n = desc.b == kN ? b.cols : b.rows;
  return m == d.rows && n == d.cols && k == inner && a.type == b.type && a.type == d.type;
}

}  // namespace

// NOLINTBEGIN(readability-identifier-naming): the names are the library's.
extern "C" {

standin::State* standin_state() { return &state; }

#ifdef STANDIN_OWN_RUNTIME
int hipStreamSynchronize(void*) { return 0; }
#endif

Status hipblasLtCreate(Handle** handle) { return make("hipblasLtCreate", handle); }
Status hipblasLtDestroy(Handle* handle) { return destroy(handle); }

Status hipblasLtGetVersion(Handle*, int* version) {
  *version = state.major * 100000 + state.minor * 100 + state.patch;
  return status_of("hipblasLtGetVersion");
}

Status hipblasLtMatmulDescCreate(Desc** desc, Compute compute, DataType scale) {
  if (compute != kCompute32F || scale != kF32) return kInvalidValue;
  return make("hipblasLtMatmulDescCreate", desc);
}
Status hipblasLtMatmulDescDestroy(Desc* desc) { return destroy(desc); }

Status hipblasLtMatmulDescSetAttribute(Desc* desc, DescAttribute attribute, const void* value,
                                       std::size_t bytes) {
  if (bytes != sizeof(Operation) || attribute > kTransB) return kInvalidValue;
  std::memcpy(attribute == kTransA ? &desc->a : &desc->b, value, bytes);
  if (desc->a != kN && desc->a != kT) return kInvalidValue;
  return status_of("hipblasLtMatmulDescSetAttribute");
}

Status hipblasLtMatrixLayoutCreate(Layout** layout, DataType type, std::uint64_t rows,
                                   std::uint64_t cols, std::int64_t ld) {
  if (ld < static_cast<std::int64_t>(rows)) return kInvalidValue;
  if (type != kF32 && type != kF16 && type != kBF16) return kInvalidValue;
  return make("hipblasLtMatrixLayoutCreate", layout, type, rows, cols, ld);
}
Status hipblasLtMatrixLayoutDestroy(Layout* layout) { return destroy(layout); }

Status hipblasLtMatmulPreferenceCreate(Preference** preference) {
  return make("hipblasLtMatmulPreferenceCreate", preference);
}
Status hipblasLtMatmulPreferenceDestroy(Preference* preference) { return destroy(preference); }

Status hipblasLtMatmulPreferenceSetAttribute(Preference* preference, PreferenceAttribute attribute,
                                             const void* value, std::size_t bytes) {
  if (attribute != kMaxWorkspaceBytes || bytes != sizeof preference->max_workspace) {
    return kInvalidValue;
  }
  std::memcpy(&preference->max_workspace, value, bytes);
  state.workspace_limit = preference->max_workspace;
  return status_of("hipblasLtMatmulPreferenceSetAttribute");
}

Status hipblasLtMatmulAlgoGetHeuristic(Handle*, Desc* desc, Layout* a, Layout* b, Layout* c,
                                       Layout* d, Preference* preference, int asked,
                                       Result results[], int* found) {
  if (asked < 1 || c->ld != d->ld || !fits(*desc, *a, *b, *d)) return kInvalidValue;
  *found = 0;
  if (status_of("hipblasLtMatmulAlgoGetHeuristic") != kSuccess)
    return static_cast<Status>(state.status);
  if (state.no_algorithm || preference->max_workspace < kNeeded) return kSuccess;
  *found = 1;
  results[0] = {};
  std::memcpy(results[0].algo.data, &kSolution, sizeof kSolution);
  results[0].algo.max_workspace_bytes = preference->max_workspace;
  results[0].workspace_size = kNeeded;
  results[0].waves_count = 1;
  return kSuccess;
}

Status hipblasLtMatmul(Handle*, Desc* desc, const void* alpha, const void* a, Layout* a_layout,
                       const void* b, Layout* b_layout, const void* beta, const void* c,
                       Layout* c_layout, void* d, Layout* d_layout, const Algo* algo,
                       void* workspace, std::size_t workspace_bytes, void* stream) {
  int solution = 0;
  std::memcpy(&solution, algo->data, sizeof solution);
  if (solution != kSolution || workspace_bytes < kNeeded || c_layout->ld != d_layout->ld) {
    return kInvalidValue;
  }
  if (!fits(*desc, *a_layout, *b_layout, *d_layout)) return kInvalidValue;
  if (status_of("hipblasLtMatmul") != kSuccess) return static_cast<Status>(state.status);
  state.stream = stream;
  state.workspace = workspace;
  state.workspace_bytes = workspace_bytes;
  ++state.solved;
  std::memset(workspace, 0xff, workspace_bytes);
  const auto matrix = [](const Layout& l, Operation op = kN) {
    return standin::Matrix{.type = type_of(l.type), .leading = l.ld, .transposed = op == kT};
  };
  standin::multiply(static_cast<int>(d_layout->rows), static_cast<int>(d_layout->cols),
                    static_cast<int>(desc->a == kN ? a_layout->cols : a_layout->rows),
                    double{*static_cast<const float*>(alpha)}, matrix(*a_layout, desc->a), a,
                    matrix(*b_layout, desc->b), b, double{*static_cast<const float*>(beta)}, c,
                    matrix(*d_layout), d);
  return kSuccess;
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
