// SPDX-License-Identifier: Apache-2.0
// Warp specialisation: the waves of a block have roles. One lane, the producer, copies boxes by TMA
// into a ring of stages; groups of waves, the consumers, multiply them asynchronously. All run the
// kernel, each its part of the pipelines, so that the copies are ahead of the products, also from
// one tile into the next.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "backends/simt/program.hpp"
#include "backends/simt/ring.hpp"
#include "backends/simt/tma.hpp"

namespace moat::simt {

template <class S>
concept HasRoles = BlockSchedule<S> && !std::is_void_v<typename S::Consumers>;

// Boxes are copied as they are: elements E of panels that stand for T are these, or what S
// multiplies.
template <class E, class T, class S>
concept CopiedAsIs = std::same_as<E, T> || std::same_as<E, typename S::Operand>;

// Fragments of a wave of a group, in place of those of a single wave.
template <class AtomsOf>
struct GroupAtoms : AtomsOf {
  template <class T>
  using Matrix = typename AtomsOf::template GroupMatrix<T>;
};

// The barriers at the beginning of a block's shared memory; panels follow at kBoxAlignment.
template <class S>
struct RoleBarriers {
  using Ring = RingBarriers<S::kStages>;
  Ring first;   // stages of a pipeline; keys
  Ring second;  // values
  RingBarriers<1> query;
};

// What the host knows of the block, and what its roles share. S is a WarpSpecializedSchedule.
template <class AtomsOf, class S>
requires HasRoles<S>
class ThreadBlock<AtomsOf, S> {
 public:
  template <class T, int kM, int kK, CopiedAsIs<T, S> E = T>
  using Left = TmaLeft<AtomsOf, E, kM, kK>;
  template <class T, int kK, int kN, Order kOrder, CopiedAsIs<T, S> E = T>
  using Right = TmaRight<AtomsOf, E, kK, kN, kOrder>;
  template <class T>
  using SplitK = simt::SplitK<T>;
};

template <class Q, class K, class V, int kStages>
struct RoleAttendMemory {
  Q q;
  K k[kStages];
  V v[kStages];
};

// What both roles have: the vocabulary of a block of the consumers' waves, their places in the
// rings, and the panels.
template <class Atoms, class S>
class Role : public ThreadBlock<GroupAtoms<Atoms>, typename S::Consumers> {
  using Base = ThreadBlock<GroupAtoms<Atoms>, typename S::Consumers>;
  using Host = ThreadBlock<Atoms, S>;

 public:
  template <class T, int kM, int kK, CopiedAsIs<T, S> E = T>
  using Left = typename Host::template Left<T, kM, kK, E>;
  template <class T, int kK, int kN, Order kOrder, CopiedAsIs<T, S> E = T>
  using Right = typename Host::template Right<T, kK, kN, kOrder, E>;

  MOAT_FN Role(unsigned char* arena, RoleBarriers<S>& barriers)
      : Base(arena),
        first_(barriers.first),
        second_(barriers.second),
        query_(barriers.query),
        panels_(arena + kBoxAlignment) {}

 protected:
  template <class Q, class K, class V>
  using Memory = RoleAttendMemory<Q, K, V, S::kStages>;

  RingPlace<Atoms, S::kStages> first_;
  RingPlace<Atoms, S::kStages> second_;
  RingPlace<Atoms, 1> query_;
  unsigned char* panels_;
};

// Copies. One lane.
template <class Atoms, class S>
class Producer : public Role<Atoms, S> {
  template <class Q, class K, class V>
  using Memory = typename Role<Atoms, S>::template Memory<Q, K, V>;

 public:
  using Role<Atoms, S>::Role;

  template <class P>
  MOAT_FN void load(P& panel, const typename P::Source& source, const Coord& at) {
    tma_load_panel<Atoms>(panel, source, at, landed_);
  }

  // A box is copied whole.
  template <class P>
  MOAT_FN void load_first(int /*rows*/, P& panel, const typename P::Source& source,
                          const Coord& at) {
    load(panel, source, at);
  }

  template <class Stage, class Produce, class Consume>
  MOAT_FN void pipeline(int steps, Produce produce, Consume) {
    auto* const stages = reinterpret_cast<Stage*>(this->panels_);
    MOAT_UNROLL_BY(1)
    for (int step = 0; step < steps; ++step) {
      fill(this->first_, stages, [&](Stage& stage) { produce(stage, step); });
    }
  }

  template <class Q, class K, class V, int kM, int kN, class LoadQ, class LoadK, class LoadV,
            class Consume>
  MOAT_FN void attend(int key_count, LoadQ load_q, LoadK load_k, LoadV load_v, Consume) {
    const int steps = ceil_div(key_count, kN);
    auto& memory = *reinterpret_cast<Memory<Q, K, V>*>(this->panels_);
    if (steps > 0) fill(this->query_, &memory.q, load_q);
    MOAT_UNROLL_BY(1)
    for (int step = 0; step < steps; ++step) {
      fill(this->first_, memory.k, [&](K& k) { load_k(k, step); });
      fill(this->second_, memory.v, [&](V& v) { load_v(v, step); });
    }
  }

 private:
  // f loads everything of the next slot of a ring.
  template <class Ring, class Stage, class F>
  MOAT_FN void fill(Ring& ring, Stage* slots, F f) {
    ring.acquire(sizeof(Stage));
    landed_ = ring.full();
    f(slots[ring.slot()]);
    ring.advance();
  }

  std::uint64_t* landed_ = nullptr;
};

// An accumulator as the left operand of the next product, in the registers of its wave: two
// elements a word, the first in the lower half. Rounded one by one: ptxas moves the rounding of a
// pair (simt::pack) in between the products and then serialises them (C7513).
template <class TilingOf, class T, int kK>
struct GroupOperand {
  using Matrix = typename TilingOf::Matrix;
  using Exchange = OperandExchange<Matrix, TilingOf::kLanes>;
  using Value = T;
  static constexpr int k = kK;
  static constexpr int kWords = Matrix::Left::kRegisters / 2;

  std::uint32_t words[kK / Matrix::k][kWords];

  template <class Acc>
  explicit MOAT_FN GroupOperand(const Acc& acc) {
    unroll<kK / Matrix::k>([&](auto step) {
      unroll<kWords>([&](auto word) {
        const auto element = [&](auto half) {
          constexpr auto kSource =
              kOperandExchange<Matrix, TilingOf::kLanes>.sources[0][2 * decltype(word)::value +
                                                                    decltype(half)::value];
          static_assert(kSource.own_lane && Exchange::kPhases == 1);
          return TilingOf::Atoms::template narrow<T>(
              acc.values[0][step * Exchange::kAtoms + kSource.atom][kSource.register_]);
        };
        words[step][word] = __builtin_bit_cast(
            std::uint32_t, (Vec<T, 2>{element(Index<0>{}), element(Index<1>{})}));
      });
    });
  }
};

// Products of one group's rows.
template <class Atoms, class S>
class Consumer : public Role<Atoms, S> {
  using Base = Role<Atoms, S>;
  template <class Q, class K, class V>
  using Memory = typename Base::template Memory<Q, K, V>;
  static constexpr int kGroups = S::kConsumerGroups;
  static constexpr int kGroupLanes = Atoms::kGroupWaves * Atoms::kWaveWidth;

 public:
  // An accumulator whose next products may be its first ones again.
  template <class Acc>
  struct Sums : Acc {
    bool begins = false;
  };

  // The group is the same in all lanes of a wave, which a compiler cannot see of a wave's number.
  MOAT_FN Consumer(unsigned char* arena, RoleBarriers<S>& barriers)
      : Base(arena, barriers), group_(Atoms::shuffle(Atoms::wave(), 0) / Atoms::kGroupWaves) {}

  template <int kM, int kN>
  MOAT_FN auto zeros() {
    Sums<decltype(Base::template zeros<kM, kN>())> acc{Base::template zeros<kM, kN>()};
    Atoms::wgmma_fence_registers(flat(acc));
    return acc;
  }

  template <class Acc, class L, class R>
  MOAT_FN void mma(Acc& acc, const L& left, const R& right) {
    Atoms::template group_multiply<Acc::kColAtoms * Acc::Matrix::n>(
        flat(acc), left, right, group_ * Atoms::kGroupRows, !acc.begins);
    acc.begins = false;
  }

  // What is added is waited for. Nobody writes zeros for the products that follow.
  template <class Acc, class R>
  MOAT_FN void add_scaled(Acc& sum, Acc& part, const R& rows, float factor) {
    Atoms::template wgmma_wait<0>();
    Atoms::wgmma_fence_registers(flat(part));
    simt::add_scaled(sum, part, rows, factor);
    part.begins = true;
  }

  template <class T, class Acc>
  MOAT_FN void store(const Tensor<T>& to, const Coord& at, Acc& acc) {
    Atoms::wgmma_fence_registers(flat(acc));
    Base::store(to, at, acc);
  }

  template <class T, class Acc>
  MOAT_FN void store_part(const SplitK<T>& to, const typename SplitK<T>::Part& part, Acc& acc) {
    Atoms::wgmma_fence_registers(flat(acc));
    Base::store_part(to, part, acc);
  }

  template <class Acc, class R, class F>
  MOAT_FN void map_rows(Acc& acc, const R& rows, F f) {
    Atoms::wgmma_fence_registers(flat(acc));
    Base::map_rows(acc, rows, f);
  }

  // Rounded in `attend`, when no product reads the operand before it any more: ptxas then needs no
  // registers for both.
  template <class T, class Acc>
  struct Unrounded {
    const Acc& acc;
    MOAT_FN auto rounded() const {
      return GroupOperand<typename Acc::Tiling, T, Acc::kWaveCols>(acc);
    }
  };
  template <class T, class Acc>
  MOAT_FN auto as_operand(const Acc& acc) {
    return Unrounded<T, Acc>{acc};
  }

  template <class Stage, class Produce, class Consume>
  MOAT_FN void pipeline(int steps, Produce, Consume consume) {
    const auto for_each = [&](auto f) {
      if (steps == 0) return;
      const auto* const slots = reinterpret_cast<const Stage*>(this->panels_);
      auto& ring = this->first_;
      const auto start = [&] {
        ring.wait();
        const int slot = ring.slot();
        f(slots[slot]);
        ring.advance();
        return slot;
      };
      int before = start();
      MOAT_UNROLL_BY(1)
      for (int step = 1; step < steps; ++step) {
        const int slot = start();
        // Only the products of this step are still under way.
        Atoms::template wgmma_wait<1>();
        release(ring, before);
        before = slot;
      }
      Atoms::template wgmma_wait<0>();
      release(ring, before);
    };
    Stages<std::remove_const_t<decltype(for_each)>> stages{for_each};
    consume(stages);
  }

  // The scores of a step run while the values of the step before do, and while those run the
  // weights are computed. Groups take turns in starting products, so that one computes weights
  // while another multiplies.
  template <class Q, class K, class V, int kM, int kN, class LoadQ, class LoadK, class LoadV,
            class Consume>
  MOAT_FN void attend(int key_count, LoadQ, LoadK, LoadV, Consume consume) {
    static_assert(S::kStages >= 2, "values are waited for while those before them are multiplied");
    const int steps = ceil_div(key_count, kN);
    const auto& memory = *reinterpret_cast<const Memory<Q, K, V>*>(this->panels_);
    auto& keys = this->first_;
    auto& values_ring = this->second_;
    auto& query = this->query_;
    const auto for_each = [&](auto scores, auto weights, auto values) {
      if (steps == 0) return;
      const auto start_scores = [&](auto& s) {
        keys.wait();
        scores(s, memory.k[keys.slot()]);
      };
      const auto start_values = [&](const auto& p) { values(p, memory.v[values_ring.slot()]); };
      const auto finish_scores = [&](auto& s, int step) {
        Atoms::wgmma_fence_registers(flat(s));
        release(keys, keys.slot());
        keys.advance();
        if (step + 1 == steps) {
          release(query, query.slot());
          query.advance();
        }
      };

      query.wait();
      auto first = zeros<kM, kN>();
      take_turn();
      start_scores(first);
      pass_turn();
      Atoms::template wgmma_wait<0>();
      finish_scores(first, 0);
      auto p = weights(first, 0).rounded();
      values_ring.wait();
      MOAT_UNROLL_BY(1)
      for (int step = 1; step < steps; ++step) {
        auto s = zeros<kM, kN>();
        take_turn();
        start_scores(s);
        start_values(p);
        pass_turn();
        Atoms::template wgmma_wait<1>();
        finish_scores(s, step);
        const auto next = weights(s, step);
        const int multiplied = values_ring.slot();
        values_ring.advance();
        // The next values, before the products of these. ptxas moves a wait for products up to
        // where its basic block begins: this loop keeps it behind the weights that it should hide.
        values_ring.wait();
        Atoms::template wgmma_wait<0>();
        release(values_ring, multiplied);
        p = next.rounded();
      }
      start_values(p);
      Atoms::template wgmma_wait<0>();
      release(values_ring, values_ring.slot());
      values_ring.advance();
    };
    Stages<std::remove_const_t<decltype(for_each)>> stages{for_each};
    consume(memory.q, stages);
  }

  // Around the kernel: the first turn is the first group's.
  MOAT_FN void begin() {
    if (group_ == kGroups - 1) pass_turn();
  }
  MOAT_FN void end() {
    if (group_ == 0) take_turn();
  }

 private:
  template <class F>
  struct Stages {
    const F& each;
    template <class... Fs>
    MOAT_FN void for_each(Fs... f) {
      each(f...);
    }
  };
  // All registers of an accumulator, as a group's product writes them.
  template <class Acc>
  static MOAT_FN auto& flat(Acc& acc) {
    static_assert(Acc::kRowAtoms == 1, "a group multiplies kGroupRows rows");
    constexpr int kCount = Acc::kColAtoms * Acc::Matrix::Acc::kRegisters;
    return reinterpret_cast<float(&)[kCount]>(acc.values);
  }

  template <class Ring>
  MOAT_FN void release(const Ring& ring, int slot) {
    if (Atoms::lane() == 0) ring.release(slot);
  }

  MOAT_FN void take_turn() { Atoms::bar_sync(1 + group_, 2 * kGroupLanes); }
  MOAT_FN void pass_turn() { Atoms::bar_arrive(1 + (group_ + 1) % kGroups, 2 * kGroupLanes); }

  int group_;
};

// Whether stages of one ring are all that the roles of a kernel pass on; else it attends.
template <class Kernel, class S, class B>
concept IsPipeline = requires {
  typename Kernel::template Stage<S, B>;
};

// The arguments of a kernel as each role's view of it names their type. All have the same members.
template <class Kernel, class S, class Atoms, class Args>
union RoleArgs {
  Args bound;
  typename Kernel::template Args<S, Producer<Atoms, S>> producer;
  typename Kernel::template Args<S, Consumer<Atoms, S>> consumer;
};

template <class Kernel, HasRoles S, class Atoms>
struct Program<Kernel, S, Atoms> {
  template <class Args>
  using Bound = RoleArgs<Kernel, S, Atoms, Args>;

  template <class Args>
  static MOAT_FN void run(unsigned char* arena, const Bound<Args>& args) {
    constexpr int kConsumerWaves = S::Consumers::kWarps;
    auto& barriers = *reinterpret_cast<RoleBarriers<S>*>(arena);
    static_assert(sizeof(barriers) <= kBoxAlignment);
    if (Atoms::wave() == 0 && Atoms::lane() == 0) {
      barriers.first.template init<Atoms>(kConsumerWaves);
      if constexpr (!IsPipeline<Kernel, S, ThreadBlock<Atoms, S>>) {
        barriers.second.template init<Atoms>(kConsumerWaves);
        barriers.query.template init<Atoms>(kConsumerWaves);
      }
      Atoms::mbarrier_fence_init();
    }
    Atoms::barrier();
    if (Atoms::wave() >= kConsumerWaves) {
      Atoms::template set_registers_less<S::kProducerRegisters>();
      if (Atoms::wave() == kConsumerWaves && Atoms::lane() == 0) {
        Producer<Atoms, S> producer(arena, barriers);
        Kernel::template run<S>(producer, args.producer);
      }
    } else {
      Atoms::template set_registers_more<S::kConsumerRegisters>();
      Consumer<Atoms, S> consumer(arena, barriers);
      consumer.begin();
      Kernel::template run<S>(consumer, args.consumer);
      consumer.end();
    }
  }
};

template <class Kernel, HasRoles S, class B>
constexpr std::size_t role_bytes() {
  if constexpr (IsPipeline<Kernel, S, B>) {
    return S::kStages * sizeof(typename Kernel::template Stage<S, B>);
  } else {
    return sizeof(
        RoleAttendMemory<typename Kernel::template Query<S, B>, typename Kernel::template Key<S, B>,
                         typename Kernel::template Value<S, B>, S::kStages>);
  }
}

template <class Kernel, HasRoles S, class Atoms>
inline constexpr std::size_t kSharedBytes<Kernel, S, Atoms> =
    kBoxAlignment + role_bytes<Kernel, S, ThreadBlock<Atoms, S>>();

}  // namespace moat::simt
