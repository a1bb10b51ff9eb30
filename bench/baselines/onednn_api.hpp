// SPDX-License-Identifier: Apache-2.0
// The few oneDNN calls that the baselines use, alike in its releases 2 and 3. What its header has
// is what there is: MOAT_ONEDNN asks for its release.
#pragma once

#include <dnnl.hpp>
#include <stdexcept>

#include "problems/dtype.hpp"

// Whether the header is of this release or a newer one.
#define MOAT_ONEDNN(major, minor) \
  (DNNL_VERSION_MAJOR > (major) || (DNNL_VERSION_MAJOR == (major) && DNNL_VERSION_MINOR >= (minor)))

namespace moat::onednn {

inline dnnl::memory::data_type data_type(DType t) {
  switch (t) {
    case DType::f32:
      return dnnl::memory::data_type::f32;
    case DType::f16:
      return dnnl::memory::data_type::f16;
    case DType::bf16:
      return dnnl::memory::data_type::bf16;
  }
  throw std::logic_error("no row of the table of types");
}

inline dnnl::memory::desc strided(dnnl::memory::data_type type, const dnnl::memory::dims& dims,
                                  const dnnl::memory::dims& strides) {
  return {dims, type, strides};
}

// Descriptors are empty where the library has no implementation; some kinds of missing support
// throw dnnl::error instead.
inline dnnl::matmul::primitive_desc matmul(const dnnl::engine& engine, const dnnl::memory::desc& a,
                                           const dnnl::memory::desc& b, const dnnl::memory::desc& c,
                                           const dnnl::primitive_attr& attributes = {}) {
#if DNNL_VERSION_MAJOR >= 3
  return {engine, a, b, c, attributes, true};
#else
  return {dnnl::matmul::desc(a, b, c), attributes, engine, true};
#endif
}

// Over the last of `axes` dimensions.
#if DNNL_VERSION_MAJOR >= 3
using Softmax = dnnl::softmax_forward;
#else
using Softmax = dnnl::softmax_v2_forward;
#endif
inline Softmax::primitive_desc softmax(const dnnl::engine& engine, const dnnl::memory::desc& from,
                                       const dnnl::memory::desc& to, int axes) {
  constexpr auto kKind = dnnl::prop_kind::forward_inference;
  constexpr auto kAlgorithm = dnnl::algorithm::softmax_accurate;
#if DNNL_VERSION_MAJOR >= 3
  return {engine, kKind, kAlgorithm, from, to, axes - 1, {}, true};
#else
  return {Softmax::desc(kKind, kAlgorithm, from, to, axes - 1), engine, true};
#endif
}

// Over the last dimension, in the type of `x`; scale, mean and variance are f32.
using LayerNorm = dnnl::layer_normalization_forward;
inline LayerNorm::primitive_desc layer_norm(const dnnl::engine& engine, dnnl::prop_kind kind,
                                            const dnnl::memory::desc& x, float epsilon,
                                            dnnl::normalization_flags flags) {
#if DNNL_VERSION_MAJOR >= 3
  return {engine, kind, x, x, epsilon, flags, {}, true};
#else
  return {LayerNorm::desc(kind, x, epsilon, flags), engine, true};
#endif
}

// x · factor, after a product.
inline void append_scale(dnnl::post_ops& operations, float factor) {
  constexpr auto kLinear = dnnl::algorithm::eltwise_linear;
#if DNNL_VERSION_MAJOR >= 3
  operations.append_eltwise(kLinear, factor, 0.0f);
#else
  operations.append_eltwise(1.0f, kLinear, factor, 0.0f);
#endif
}

}  // namespace moat::onednn
