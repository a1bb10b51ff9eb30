// SPDX-License-Identifier: Apache-2.0
// Fibers that take turns: one for every lane of a block.
#pragma once

#include <bit>
#include <boost/context/fiber.hpp>
#include <cstdint>
#include <exception>
#include <functional>
#include <vector>

namespace moat::emulator {

class Scheduler {
 public:
  // `entry(i)` runs in fiber i; fibers of a group follow each other.
  Scheduler(int groups, int group_size, std::function<void(int)> entry);

  // Resumes fibers until all have ended, or rethrows what one threw. When none can go on,
  // `unblock` must wake one or throw. A group runs as far as it can before the next one;
  // `backward` tells in which order they follow.
  void run(const std::function<void()>& unblock, bool backward);

  // Called by a fiber: it waits until another one wakes it.
  void wait();
  void wake(int fiber) { ready_[group_of(fiber)] |= bit(fiber); }
  void wake_group(int group) {
    ready_[static_cast<std::size_t>(group)] = ~std::uint64_t{0} >> (64 - group_size_);
  }
  void turn() { backward_ = !backward_; }

 private:
  using Fiber = boost::context::fiber;
  static constexpr int kHost = -1;

  std::size_t group_of(int fiber) const { return static_cast<std::size_t>(fiber / group_size_); }
  std::uint64_t bit(int fiber) const { return std::uint64_t{1} << (fiber % group_size_); }
  Fiber& suspended(int fiber) {
    return fiber == kHost ? host_ : fibers_[static_cast<std::size_t>(fiber)];
  }

  // Another fiber that is ready, or the host.
  int next();
  void switch_to(int fiber);
  // The fiber that runs now was resumed by another.
  void resumed_from(Fiber&& fiber) { suspended(previous_) = std::move(fiber); }
  Fiber start(int fiber);

  int group_size_;
  std::function<void(int)> entry_;
  std::vector<std::uint64_t> ready_;  // bits of the group's fibers
  std::vector<Fiber> fibers_;
  Fiber host_;
  int current_ = kHost;
  int previous_ = kHost;
  int alive_;
  bool backward_ = false;
  std::exception_ptr error_;
};

}  // namespace moat::emulator
