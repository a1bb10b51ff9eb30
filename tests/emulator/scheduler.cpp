// SPDX-License-Identifier: Apache-2.0
#include "tests/emulator/scheduler.hpp"

#include <boost/context/pooled_fixedsize_stack.hpp>
#include <memory>
#include <stdexcept>
#include <utility>

namespace moat::emulator {
namespace {

namespace context = boost::context;

constexpr std::size_t kStackBytes = 256 << 10;

// Kept from block to block: fresh stacks cost more than a small kernel.
context::pooled_fixedsize_stack& stacks() {
  thread_local context::pooled_fixedsize_stack pool(kStackBytes);
  return pool;
}

}  // namespace

Scheduler::Scheduler(int groups, int group_size, std::function<void(int)> entry)
    : group_size_(group_size),
      entry_(std::move(entry)),
      ready_(static_cast<std::size_t>(groups)),
      alive_(groups * group_size) {
  fibers_.reserve(static_cast<std::size_t>(alive_));
  for (int i = 0; i < alive_; ++i) fibers_.push_back(start(i));
  for (int group = 0; group < groups; ++group) wake_group(group);
}

Scheduler::Fiber Scheduler::start(int fiber) {
  return {std::allocator_arg, stacks(), [this, fiber](Fiber&& resumer) {
            resumed_from(std::move(resumer));
            try {
              entry_(fiber);
            } catch (const context::detail::forced_unwind&) {
              throw;
            } catch (...) {
              error_ = std::current_exception();
            }
            --alive_;
            ready_[group_of(fiber)] &= ~bit(fiber);
            previous_ = fiber;
            current_ = error_ ? kHost : next();
            return std::move(suspended(current_));
          }};
}

void Scheduler::run(const std::function<void()>& unblock, bool backward) {
  backward_ = backward;
  current_ = backward ? static_cast<int>(ready_.size() - 1) * group_size_ : 0;
  int first = current_;
  while (true) {
    current_ = kHost;
    switch_to(first);
    if (error_) std::rethrow_exception(error_);
    if (alive_ == 0) return;
    unblock();
    first = next();
    if (first == kHost) throw std::logic_error("the emulator resumes no lane");
  }
}

void Scheduler::wait() {
  ready_[group_of(current_)] &= ~bit(current_);
  switch_to(next());
}

int Scheduler::next() {
  const std::size_t groups = ready_.size();
  std::size_t group = current_ == kHost ? 0 : group_of(current_);
  for (std::size_t i = 0; i < groups; ++i) {
    if (ready_[group] != 0) {
      return static_cast<int>(group) * group_size_ + std::countr_zero(ready_[group]);
    }
    group = backward_ ? (group + groups - 1) % groups : (group + 1) % groups;
  }
  return kHost;
}

void Scheduler::switch_to(int fiber) {
  previous_ = current_;
  current_ = fiber;
  resumed_from(std::move(suspended(fiber)).resume());
}

}  // namespace moat::emulator
