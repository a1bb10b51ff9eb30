// SPDX-License-Identifier: Apache-2.0
// What the baselines use of oneDNN's C++ interface of release 3, declared after its documents
// (oneapi-spec.uxlfoundation.org, uxlfoundation.github.io/oneDNN), for machines that have only
// release 2. standin.cpp solves what it is told, element by element. STANDIN_MINOR says which minor
// release's interface this is: what a later one brought is not declared.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#define DNNL_VERSION_MAJOR 3
#define DNNL_VERSION_MINOR STANDIN_MINOR

#define DNNL_RUNTIME_SEQ 1u
#define DNNL_RUNTIME_OMP 2u
#define DNNL_RUNTIME_TBB 4u

#define DNNL_ARG_SRC 1
#define DNNL_ARG_SRC_1 2
#define DNNL_ARG_FROM DNNL_ARG_SRC
#define DNNL_ARG_DST 17
#define DNNL_ARG_TO DNNL_ARG_DST
#define DNNL_ARG_WEIGHTS 33
#define DNNL_ARG_MEAN 49
#define DNNL_ARG_VARIANCE 50
#define DNNL_ARG_SCALE 51
#define DNNL_ARG_ATTR_SCALES 4096
#define DNNL_ARG_ATTR_MULTIPLE_POST_OP(index) (32768 * ((index) + 1))

struct dnnl_version_t {
  int major, minor, patch;
  const char* hash;
  unsigned cpu_runtime, gpu_runtime;
};
const dnnl_version_t* dnnl_version();

// What a primitive descriptor's C handle points to.
struct dnnl_primitive_desc;

namespace dnnl {

struct error : std::exception {
  explicit error(std::string text) : message(std::move(text)) {}
  const char* what() const noexcept override { return message.c_str(); }
  std::string message;
};

enum class cpu_isa {
  sse41 = 0x1,
  avx = 0x3,
  avx2 = 0x7,
  avx2_vnni = 0xf,
  avx2_vnni_2 = 0x1f,
  avx512_core = 0x27,
  avx512_core_vnni = 0x67,
  avx512_core_bf16 = 0xe7,
  avx512_core_fp16 = 0x1ef,
  avx512_core_amx = 0xfef,
  avx512_core_amx_fp16 = 0x1fef,
#if STANDIN_MINOR >= 9
  avx10_2_512 = 0x201ff,
  avx10_2_512_amx_2 = 0x22fff,
#endif
};
cpu_isa get_effective_cpu_isa();

enum class algorithm { softmax_accurate, eltwise_linear, binary_add };
enum class prop_kind { forward_training, forward_inference };
enum class fpmath_mode { strict, bf16, f16 };

enum class normalization_flags : unsigned {
  none = 0,
  use_global_stats = 1,
  use_scale = 2,
#if STANDIN_MINOR >= 9
  rms_norm = 16,
#endif
};
normalization_flags operator|(normalization_flags a, normalization_flags b);

struct engine {
  enum class kind { cpu, gpu };
  engine(kind which, std::size_t index);
};

struct stream {
  explicit stream(const engine& of);
  stream& wait();
};

struct memory {
  enum class data_type {
    undef,
    f16,
    bf16,
    f32,
    s8,
    u8,
#if STANDIN_MINOR >= 4
    f8_e5m2,
    f8_e4m3,
#endif
#if STANDIN_MINOR >= 5
    s4,
#endif
#if STANDIN_MINOR >= 6
    e8m0,
#endif
#if STANDIN_MINOR >= 7
    f4_e2m1,
#endif
  };
  using dim = std::int64_t;
  using dims = std::vector<dim>;

  struct desc {
    desc() = default;
    desc(const dims& sizes, data_type of, const dims& elements_apart);

    dims lengths{};
    dims strides{};
    data_type type = data_type::undef;
  };

  memory() = default;
  memory(const desc& of, const engine& on);              // with memory of its own
  memory(const desc& of, const engine& on, void* data);  // a view
  void* get_data_handle() const;
  void set_data_handle(void* data);  // of this and of its copies
  desc get_desc() const;

  struct State;
  std::shared_ptr<State> state{};
};

struct post_ops {
  void append_eltwise(algorithm which, float alpha, float beta);
  void append_binary(algorithm which, const memory::desc& second);

  struct Step {
    algorithm which;
    float alpha, beta;
    memory::desc second;
  };
  std::vector<Step> steps{};
};

struct primitive_attr {
  void set_post_ops(const post_ops& operations);
#if STANDIN_MINOR >= 4
  void set_scales(int argument, int mask, const memory::dims& groups,
                  memory::data_type type = memory::data_type::f32);
  void set_fpmath_mode(fpmath_mode which, bool apply_to_int = false);
#endif

  struct Scales {
    int mask;
    memory::dims groups;
    memory::data_type type;
  };
  post_ops operations{};
  std::unordered_map<int, Scales> scales{};
  fpmath_mode mode = fpmath_mode::strict;
  bool of_integers = false;
};

using Arguments = std::unordered_map<int, memory>;

// Empty if the library has no implementation and emptiness was allowed.
struct primitive_desc_base {
  explicit operator bool() const { return plan != nullptr; }
  const dnnl_primitive_desc* get() const { return plan.get(); }
  const char* impl_info_str() const;

  std::shared_ptr<const dnnl_primitive_desc> plan{};
};
struct primitive_desc : primitive_desc_base {};

struct primitive {
  primitive() = default;
  explicit primitive(const dnnl_primitive_desc* desc);
  explicit primitive(const primitive_desc_base& desc) : primitive(desc.get()) {}
  explicit operator bool() const { return plan != nullptr; }
  void execute(const stream& on, const Arguments& arguments) const;

  std::shared_ptr<const dnnl_primitive_desc> plan{};
};

struct matmul : primitive {
  struct primitive_desc : dnnl::primitive_desc {
    primitive_desc() = default;
    primitive_desc(const engine& on, const memory::desc& source, const memory::desc& weights,
                   const memory::desc& destination, const primitive_attr& attributes = {},
                   bool allow_empty = false);
    memory::desc src_desc() const;
    memory::desc weights_desc() const;
    memory::desc dst_desc() const;
  };
  matmul() = default;
  matmul(const primitive_desc& desc) : primitive(desc) {}
};

struct softmax_forward : primitive {
  struct primitive_desc : dnnl::primitive_desc {
    primitive_desc() = default;
    primitive_desc(const engine& on, prop_kind kind, algorithm which, const memory::desc& source,
                   const memory::desc& destination, int axis, const primitive_attr& attributes = {},
                   bool allow_empty = false);
  };
  softmax_forward() = default;
  softmax_forward(const primitive_desc& desc) : primitive(desc) {}
};

struct layer_normalization_forward : primitive {
  struct primitive_desc : dnnl::primitive_desc {
    primitive_desc() = default;
    primitive_desc(const engine& on, prop_kind kind, const memory::desc& source,
                   const memory::desc& destination, float epsilon, normalization_flags flags,
                   const primitive_attr& attributes = {}, bool allow_empty = false);
#if STANDIN_MINOR >= 4
    // The scale is of `of_scale`.
    primitive_desc(const engine& on, prop_kind kind, const memory::desc& source,
                   const memory::desc& destination, memory::data_type of_scale, float epsilon,
                   normalization_flags flags, const primitive_attr& attributes = {},
                   bool allow_empty = false);
#endif
  };
  layer_normalization_forward() = default;
  layer_normalization_forward(const primitive_desc& desc) : primitive(desc) {}
};

struct reorder : primitive {
  struct primitive_desc : dnnl::primitive_desc {
    primitive_desc() = default;
    primitive_desc(const engine& from_on, const memory::desc& from, const engine& to_on,
                   const memory::desc& to);
  };
  reorder() = default;
  reorder(const primitive_desc& desc) : primitive(desc) {}
  reorder(const memory& from, const memory& to);
  using primitive::execute;
  void execute(const stream& on, const memory& from, const memory& to) const;
};

}  // namespace dnnl
