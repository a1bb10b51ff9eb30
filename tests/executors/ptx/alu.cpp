// SPDX-License-Identifier: Apache-2.0
// What lanes compute from registers, by the tables of operations.hpp.
#include "tests/executors/ptx/block.hpp"
#include "tests/executors/ptx/each_lane.hpp"

namespace moat::ptx {
namespace {

// A lane's slot: 32 bits hold what is narrower, zero-extended.
template <class T>
using Slot = std::conditional_t<sizeof(T) == 2, u32, T>;

template <class T>
inline T get(const Slot<T>* v, int lane) {
  return static_cast<T>(v[lane]);
}
template <class T>
inline void set(Slot<T>* v, int lane, T x) {
  if constexpr (sizeof(T) == 2) {
    v[lane] = static_cast<u16>(x);
  } else {
    v[lane] = x;
  }
}

}  // namespace

void Warp::alu(const Instruction& i, u32 mask) {
  const Operand* const o = kernel_.operands.data() + i.operands;
  switch (i.op) {
#define MOAT_ROW(op, names, D, A, ...)              \
  case Op::op: {                                    \
    auto* const d = values<Slot<D>>(o[0]);          \
    const auto* const va = values<Slot<A>>(o[1]);   \
    each_lane_wide(mask, [&](int lane) {            \
      const A a = get<A>(va, lane);                 \
      set<D>(d, lane, static_cast<D>(__VA_ARGS__)); \
    });                                             \
    break;                                          \
  }
    MOAT_PTX_UNARY(MOAT_ROW)
#undef MOAT_ROW
#define MOAT_ROW(op, names, D, A, B, ...)           \
  case Op::op: {                                    \
    auto* const d = values<Slot<D>>(o[0]);          \
    const auto* const va = values<Slot<A>>(o[1]);   \
    const auto* const vb = values<Slot<B>>(o[2]);   \
    each_lane_wide(mask, [&](int lane) {            \
      const A a = get<A>(va, lane);                 \
      const B b = get<B>(vb, lane);                 \
      set<D>(d, lane, static_cast<D>(__VA_ARGS__)); \
    });                                             \
    break;                                          \
  }
    MOAT_PTX_BINARY(MOAT_ROW)
#undef MOAT_ROW
#define MOAT_ROW(op, names, D, A, B, C, ...)        \
  case Op::op: {                                    \
    auto* const d = values<Slot<D>>(o[0]);          \
    const auto* const va = values<Slot<A>>(o[1]);   \
    const auto* const vb = values<Slot<B>>(o[2]);   \
    const auto* const vc = values<Slot<C>>(o[3]);   \
    each_lane_wide(mask, [&](int lane) {            \
      const A a = get<A>(va, lane);                 \
      const B b = get<B>(vb, lane);                 \
      const C c = get<C>(vc, lane);                 \
      set<D>(d, lane, static_cast<D>(__VA_ARGS__)); \
    });                                             \
    break;                                          \
  }
    MOAT_PTX_TERNARY(MOAT_ROW)
#undef MOAT_ROW
#define MOAT_ROW(op, names, T, ...)                  \
  case Op::op: {                                     \
    const auto* const va = values<Slot<T>>(o[1]);    \
    const auto* const vb = values<Slot<T>>(o[2]);    \
    u32 bits = 0;                                    \
    each_lane_wide(mask, [&](int lane) {             \
      const T a = get<T>(va, lane);                  \
      const T b = get<T>(vb, lane);                  \
      bits |= static_cast<u32>(__VA_ARGS__) << lane; \
    });                                              \
    u32* const d = values<u32>(o[0]);                \
    *d = (*d & ~mask) | bits;                        \
    break;                                           \
  }
    MOAT_PTX_COMPARE(MOAT_ROW)
#undef MOAT_ROW
#define MOAT_ROW(op, names, T)                                                                \
  case Op::op: {                                                                              \
    auto* const d = values<Slot<T>>(o[0]);                                                    \
    const auto* const va = values<Slot<T>>(o[1]);                                             \
    const auto* const vb = values<Slot<T>>(o[2]);                                             \
    const u32 p = *values<u32>(o[3]);                                                         \
    each_lane_wide(mask,                                                                      \
                   [&](int lane) { d[lane] = (p >> lane & 1u) != 0 ? va[lane] : vb[lane]; }); \
    break;                                                                                    \
  }
    MOAT_PTX_SELECT(MOAT_ROW)
#undef MOAT_ROW
#define MOAT_ROW(op, names, count, ...)                                  \
  case Op::op: {                                                         \
    const u32 a = *values<u32>(o[1]);                                    \
    [[maybe_unused]] const u32 b = (count) > 1 ? *values<u32>(o[2]) : 0; \
    u32* const d = values<u32>(o[0]);                                    \
    *d = (*d & ~mask) | ((__VA_ARGS__)&mask);                            \
    break;                                                               \
  }
    MOAT_PTX_PREDICATE(MOAT_ROW)
#undef MOAT_ROW
    case Op::cvta_global:
    case Op::cvta_to_global:
      each_lane_wide(mask, [d = values<u64>(o[0]), a = values<u64>(o[1])](int l) { d[l] = a[l]; });
      break;
    case Op::cvta_shared:
      each_lane(mask, [&](int l) { values<u64>(o[0])[l] = values<u64>(o[1])[l] + kGenericShared; });
      break;
    case Op::cvta_param:
      each_lane(mask, [&](int l) { values<u64>(o[0])[l] = values<u64>(o[1])[l] + kGenericParam; });
      break;
    case Op::cvta_to_shared:
      each_lane(mask, [&](int l) { values<u64>(o[0])[l] = values<u64>(o[1])[l] - kGenericShared; });
      break;
    case Op::pack_b32:
      each_lane(mask, [&](int l) {
        values<u32>(o[0])[l] = values<u32>(o[1])[l] | values<u32>(o[2])[l] << 16;
      });
      break;
    case Op::unpack_b32:
      each_lane(mask, [&](int l) {
        const u32 x = values<u32>(o[2])[l];
        values<u32>(o[0])[l] = x & 0xffffu;
        values<u32>(o[1])[l] = x >> 16;
      });
      break;
    case Op::pack_b64:
      each_lane(mask, [&](int l) {
        values<u64>(o[0])[l] = values<u32>(o[1])[l] | u64{values<u32>(o[2])[l]} << 32;
      });
      break;
    case Op::unpack_b64:
      each_lane(mask, [&](int l) {
        const u64 x = values<u64>(o[2])[l];
        values<u32>(o[0])[l] = static_cast<u32>(x);
        values<u32>(o[1])[l] = static_cast<u32>(x >> 32);
      });
      break;
    default:
      fail(0, "an instruction that the decoder knows and the executor does not");
  }
}

}  // namespace moat::ptx
