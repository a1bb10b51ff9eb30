// accepted
#pragma once

#include "backends/vocabulary/block.hpp"
#include "backends/vocabulary/target.hpp"
#include "problems/rows.hpp"

namespace moat {

template <class T>
struct Scale {
  template <class S, class B>
  struct Args {
    T* x;
    int count;
    float factor;
  };

  template <StreamSchedule S, StreamBlock B>
  static MOAT_FN void run(B& block, const Args<S, B>& args) {
    constexpr int kAtOnce = S::chains;
    static_assert(S::chains > 0 && 12 % kAtOnce == 0);
    block.items(1, [&](int) {
      block.each(args.count, [&](auto at) {
        decltype(at.fill(0.0f)) sum = at.load(args.x) * args.factor;
        at.store(args.x, sum);
      });
    });
  }
};

template <class T, RowsTarget<T> Backend>
void launch_scale(Backend& backend, T* x, int count) {
  backend.schedules().template rows<T>(count, [&]<StreamSchedule S>(Type<S>) {
    using B = typename Backend::template Block<S>;
    const int relationship = S::m < count ? 1 : 0;
    backend.workspace(sizeof(T) * relationship);
    backend.template launch<Scale<T>, S>(1, typename Scale<T>::template Args<S, B>{x, count, 2.0f});
  });
}

}  // namespace moat
