// SPDX-License-Identifier: Apache-2.0
// The namespace hn: Highway's, with vectors whose length the compiler knows.
#pragma once

#include <hwy/highway.h>

#include <cstddef>

#if HWY_TARGET == HWY_SCALAR
#error "No vector instructions are enabled: configure with -DMOAT_CPU=native, avx2 or avx512."
#elif HWY_HAVE_SCALABLE && HWY_TARGET != HWY_SVE_256
#error "Highway's vectors have no length here: configure with a set that MOAT_CPU names."
#endif

#if HWY_HAVE_SCALABLE
// Vectors of SVE have no size and can be no elements of arrays and no members. Types that were told
// their length can, and convert to those and back (Arm C Language Extensions for SVE, "Fixed-length
// types").
namespace moat::cpu::sve {

template <class Sizeless>
struct Fixed;

#define MOAT_CPU_VECTORS(DO)                                                           \
  DO(svfloat16_t)                                                                      \
  DO(svfloat32_t)                                                                      \
  DO(svfloat64_t) DO(svint8_t) DO(svint16_t) DO(svint32_t) DO(svint64_t) DO(svuint8_t) \
      DO(svuint16_t) DO(svuint32_t) DO(svuint64_t)
#define MOAT_CPU_FIXED(Sizeless)                                                                  \
  typedef Sizeless Fixed_##Sizeless __attribute__((arm_sve_vector_bits(__ARM_FEATURE_SVE_BITS))); \
  template <>                                                                                     \
  struct Fixed<Sizeless> {                                                                        \
    using type = Fixed_##Sizeless;                                                                \
  };
MOAT_CPU_VECTORS(MOAT_CPU_FIXED)
MOAT_CPU_FIXED(svbool_t)
#undef MOAT_CPU_FIXED

}  // namespace moat::cpu::sve

// What Highway's templates ask of a vector.
namespace hwy::HWY_NAMESPACE {
#define MOAT_CPU_TAG(Sizeless) \
  template <>                  \
  struct DFromV_t<moat::cpu::sve::Fixed_##Sizeless> : DFromV_t<Sizeless> {};
MOAT_CPU_VECTORS(MOAT_CPU_TAG)
#undef MOAT_CPU_TAG
#undef MOAT_CPU_VECTORS
}  // namespace hwy::HWY_NAMESPACE

// Names of this namespace hide those of Highway's.
namespace moat::cpu::hn {

using namespace hwy::HWY_NAMESPACE;

template <class D>
using Vec = typename sve::Fixed<hwy::HWY_NAMESPACE::Vec<D>>::type;
template <class D>
using Mask = typename sve::Fixed<hwy::HWY_NAMESPACE::Mask<D>>::type;

// Highway 1.0's is too low for halves of vectors.
template <class D>
constexpr std::size_t MaxLanes(D d) {
  return Lanes(d);
}

}  // namespace moat::cpu::hn
#else
namespace moat::cpu {
namespace hn = hwy::HWY_NAMESPACE;
}
#endif

namespace moat::cpu {

// A vector as Highway has it, for what takes no other: it may be a variable, but no more.
template <class D>
using BareVec = hwy::HWY_NAMESPACE::Vec<D>;

}  // namespace moat::cpu
