// SPDX-License-Identifier: Apache-2.0
// Asynchronous instructions of the current lane.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "tests/emulator/operation.hpp"
#include "tests/emulator/tensor_map.hpp"
#include "tests/emulator/warpgroup.hpp"

namespace moat::emulator::ptx {

void cp_async(void* to, const void* from, int valid_bytes, const Operation& operation);
void cp_async_commit();
void cp_async_wait(int pending);

void mbarrier_init(const std::uint64_t* at, unsigned arrivals, const Operation& operation);
void mbarrier_fence_init();
void mbarrier_arrive(const std::uint64_t* at, unsigned bytes, const Operation& operation);
void mbarrier_wait(const std::uint64_t* at, unsigned parity, const Operation& operation);
void fence_async_shared();
void tma_load(void* to, const TensorMap& map, const std::uint64_t* mbarrier,
              const std::array<int, kMaxRank>& at, int rank, const Operation& operation);

void issue_wgmma(Wgmma wgmma, const Operation& operation);
std::uint64_t shared_address(const void* p, const Operation& operation);
void wgmma_fence(const Operation& operation);
void wgmma_commit(const Operation& operation);
void wgmma_wait(int pending, const Operation& operation);

void set_registers(int count, bool more, const Operation& operation);

}  // namespace moat::emulator::ptx
