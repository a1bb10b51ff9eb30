// SPDX-License-Identifier: Apache-2.0
// Faults of accesses to memory, each planted once, and programs that are right.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/emulator/global_memory.hpp"
#include "tests/emulator/lanes.hpp"

namespace moat::emulator {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using Isa = Lanes<32>;

constexpr Grid kTwoWaves{.waves = 2, .shared_bytes = 1024};

template <class F>
auto in(const Grid& grid, F f) {
  return [=] { run(grid, [=](unsigned char* arena) { f(reinterpret_cast<float*>(arena)); }); };
}

TEST(MemoryFaults, ReadOfWhatAnotherWaveWrote) {
  EXPECT_THAT(
      in(kTwoWaves,
         [](float* x) {
           if (Isa::wave() == 0) Isa::store_shared(x + Isa::lane(), 1.0f);
           if (Isa::wave() == 1) Isa::load_shared<float>(x + Isa::lane());
         }),
      ThrowsMessage<Fault>(
          AllOf(HasSubstr("block 0, wave 1, lane 0: load_shared 4 bytes (tests/emulator/memory"),
                HasSubstr("at offset 0 reads what was written by wave 0, lane 0 by store_shared 4 "
                          "bytes (tests/emulator/memory_test.cpp:"),
                HasSubstr("with no barrier between"))));
}

TEST(MemoryFaults, EachRaceIsFoundInEitherOrderOfTheWaves) {
  for (const int early : {0, 1}) {
    EXPECT_THAT(in(kTwoWaves,
                   [=](float* x) {
                     if (Isa::wave() == early) {
                       Isa::store_shared(x + Isa::lane(), 1.0f);
                     }
                     if (Isa::wave() != early) Isa::load_shared<float>(x + Isa::lane());
                   }),
                ThrowsMessage<Fault>(HasSubstr("offset 0")));
  }
}

TEST(MemoryFaults, ShuffleOrdersNoMemory) {
  EXPECT_THAT(in({.shared_bytes = 1024},
                 [](float* x) {
                   Isa::store_shared(x + Isa::lane(), 1.0f);
                   Isa::shuffle_xor(1.0f, 1);
                   Isa::load_shared<float>(x + (Isa::lane() ^ 1));
                 }),
              ThrowsMessage<Fault>(HasSubstr("with no syncwarp between")));
}

TEST(MemoryFaults, OverwritingWhatAnotherWaveReads) {
  EXPECT_THAT(
      in(kTwoWaves,
         [](float* x) {
           if (Isa::wave() == 0) Isa::store_shared(x + Isa::lane(), 1.0f);
           Isa::barrier();
           // The last wave at a barrier goes on first.
           if (Isa::wave() == 1) Isa::load_shared<float>(x + 31 - Isa::lane());
           if (Isa::wave() == 0) Isa::store_shared(x + Isa::lane(), 2.0f);
         }),
      ThrowsMessage<Fault>(AllOf(
          HasSubstr("store_shared 4 bytes"), HasSubstr("overwrites what was read by wave 1, lane"),
          HasSubstr("by load_shared 4 bytes"), HasSubstr("no barrier between"))));
}

TEST(MemoryFaults, TwoWavesWriteTheSameWord) {
  EXPECT_THAT(in(kTwoWaves, [](float* x) { Isa::store_shared(x + Isa::lane(), 1.0f); }),
              ThrowsMessage<Fault>(AllOf(HasSubstr("wave 1, lane 0: store_shared"),
                                         HasSubstr("overwrites what was written by wave 0"))));
}

TEST(MemoryFaults, TwoWavesWriteTheSameByte) {
  const auto program = [](bool as_word) {
    return in(kTwoWaves, [=](float* x) {
      if (as_word && Isa::wave() == 0) Isa::store_shared(x + Isa::lane(), 1.0f);
      if (!as_word || Isa::wave() == 1) {
        Isa::store_shared<unsigned char>(reinterpret_cast<unsigned char*>(x) + Isa::lane(), 1);
      }
    });
  };
  EXPECT_THAT(program(false), ThrowsMessage<Fault>(HasSubstr("overwrites what was written by")));
  // What was written before as words.
  EXPECT_THAT(program(true), ThrowsMessage<Fault>(HasSubstr("overwrites what was written by")));
}

TEST(MemoryFaults, LanesOfAWaveWithoutSyncwarp) {
  const auto pairs = [](bool ordered_read, bool ordered_write) {
    return in({.shared_bytes = 128}, [=](float* x) {
      Isa::store_shared(x + Isa::lane(), 1.0f);
      if (ordered_read) Isa::syncwarp();
      Isa::load_shared<float>(x + Isa::lane() / 2 * 2);
      if (ordered_write) Isa::syncwarp();
      Isa::store_shared(x + Isa::lane(), 2.0f);
    });
  };
  EXPECT_NO_THROW(pairs(true, true)());
  EXPECT_THAT(pairs(false, true),
              ThrowsMessage<Fault>(AllOf(HasSubstr("lane 1: load_shared"),
                                         HasSubstr("written by wave 0, lane 0 by store_shared"),
                                         HasSubstr("with no syncwarp between"))));
  EXPECT_THAT(pairs(true, false), ThrowsMessage<Fault>(HasSubstr("with no syncwarp between")));
}

TEST(MemoryFaults, NothingWasWritten) {
  const auto read = [](int stored_bytes) {
    return in({.blocks = 2, .shared_bytes = 64}, [=](float* x) {
      if (Isa::lane() != 9 || Isa::block() != 1) return;
      if (stored_bytes > 0) Isa::store_shared(x, 1.0f);
      Isa::load_shared<simt::Words<16>>(x);
    });
  };
  EXPECT_THAT(read(0), ThrowsMessage<Fault>(
                           AllOf(HasSubstr("block 1, wave 0, lane 9: load_shared 16 bytes"),
                                 HasSubstr("at offset 0 reads shared memory that nothing wrote"))));
  // Padding next to a value is read with it.
  EXPECT_NO_THROW(read(4)());
}

// What one block left in shared memory is not there for the next.
TEST(MemoryFaults, BlocksShareNothing) {
  EXPECT_THAT(in({.blocks = 2, .shared_bytes = 64},
                 [](float* x) {
                   if (Isa::lane() != 0) return;
                   if (Isa::block() == 0) Isa::store_shared(x, 1.0f);
                   Isa::load_shared<float>(x);
                 }),
              ThrowsMessage<Fault>(HasSubstr("block 1")));
}

TEST(MemoryFaults, GlobalMemoryOutOfBounds) {
  std::vector<float> values(64);
  const GlobalMemory known(values.data(), 64 * sizeof(float));
  const auto load = [&](std::ptrdiff_t index) {
    return [&values, index] {
      run({.waves = 2}, [&](unsigned char*) {
        if (Isa::wave() == 1 && Isa::lane() == 31) Isa::load_global<float>(values.data() + index);
      });
    };
  };
  EXPECT_NO_THROW(load(63)());
  EXPECT_THAT(load(64),
              ThrowsMessage<Fault>(AllOf(HasSubstr("wave 1, lane 31: load_global 4 bytes"),
                                         HasSubstr("outside every allocation"))));
  EXPECT_THAT(load(-1), ThrowsMessage<Fault>(HasSubstr("outside every allocation")));
  EXPECT_THAT(
      [&] {
        run({}, [&](unsigned char*) {
          Isa::store_global(reinterpret_cast<unsigned char*>(values.data()) + 4, simt::Words<16>{});
        });
      },
      ThrowsMessage<Fault>(AllOf(HasSubstr("store_global 16 bytes"), HasSubstr("misaligned"))));
}

TEST(MemoryFaults, GlobalMemoryIsForgottenWithItsOwner) {
  std::vector<float> values(2);
  { const GlobalMemory known(values.data(), sizeof(float)); }
  EXPECT_TRUE(GlobalMemory::contains(values.data() + 1, sizeof(float)));
  const GlobalMemory known(values.data(), sizeof(float));
  EXPECT_TRUE(GlobalMemory::contains(values.data(), sizeof(float)));
  EXPECT_FALSE(GlobalMemory::contains(values.data() + 1, sizeof(float)));
}

// Two buffers, one barrier a step: each is written again only after the barrier that follows its
// reads.
TEST(Memory, DoubleBufferIsNoRace) {
  run({.blocks = 2, .waves = 4, .shared_bytes = 2 * 128 * sizeof(int)}, [](unsigned char* arena) {
    auto* const buffers = reinterpret_cast<int*>(arena);
    const int thread = 32 * Isa::wave() + Isa::lane();
    Isa::store_shared(buffers + thread, thread);
    Isa::barrier();
    for (int step = 0; step < 8; ++step) {
      const int* const full = buffers + step % 2 * 128;
      EXPECT_EQ(Isa::load_shared<int>(full + 127 - thread), 127 - thread + step);
      Isa::store_shared(buffers + (step + 1) % 2 * 128 + thread, thread + step + 1);
      Isa::barrier();
    }
  });
}

// The halves of a word belong to different waves.
TEST(Memory, HalvesOfAWordAreApart) {
  run(kTwoWaves, [](unsigned char* arena) {
    auto* const halves = reinterpret_cast<std::uint16_t*>(arena);
    std::uint16_t* const mine = halves + 2 * Isa::lane() + Isa::wave();
    Isa::store_shared<std::uint16_t>(mine, 1);
    EXPECT_EQ(Isa::load_shared<std::uint16_t>(mine), 1);
    Isa::store_shared<std::uint16_t>(mine, 2);
  });
}

// So do single bytes, from the first access to one on.
TEST(Memory, BytesOfAWordAreApart) {
  run(kTwoWaves, [](unsigned char* arena) {
    unsigned char* const mine = arena + 2 * Isa::lane() + Isa::wave();
    Isa::store_shared<unsigned char>(mine, 1);
    EXPECT_EQ(Isa::load_shared<unsigned char>(mine), 1);
    Isa::store_shared<unsigned char>(mine, 2);
  });
}

// More waves read a word than its history holds; all are ordered before it is written again.
TEST(Memory, ManyReadersThenAWriter) {
  run({.waves = 16, .shared_bytes = 4}, [](unsigned char* arena) {
    for (int writer = 0; writer < 16; ++writer) {
      if (Isa::wave() == writer && Isa::lane() == writer) Isa::store_shared(arena, writer);
      Isa::barrier();
      EXPECT_EQ(Isa::load_shared<int>(arena), writer);
      Isa::barrier();
    }
  });
}

}  // namespace
}  // namespace moat::emulator
