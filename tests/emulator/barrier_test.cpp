// SPDX-License-Identifier: Apache-2.0
// Named barriers, and registers that warpgroups hand over.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/emulator/ptx.hpp"

namespace moat::emulator {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

template <class F>
auto in(int waves, F f) {
  return
      [=] { run({.waves = waves, .shared_bytes = 1024}, [=](unsigned char* arena) { f(arena); }); };
}

// Waves 0 and 1 fill, waves 2 and 3 use, without a barrier of the whole block.
TEST(NamedBarrier, OrdersTheWavesThatItNames) {
  in(4, [](unsigned char* arena) {
    int* const mine = reinterpret_cast<int*>(arena) + Ptx::wave() % 2 * 32 + Ptx::lane();
    int* const other = reinterpret_cast<int*>(arena) + 32 - Ptx::wave() % 2 * 32 + Ptx::lane();
    for (int round = 0; round < 3; ++round) {
      if (Ptx::wave() < 2) {
        if (round > 0) Ptx::bar_sync(2, 128);
        Ptx::store_shared(mine, round);
        Ptx::bar_arrive(1, 128);
      } else {
        Ptx::bar_sync(1, 128);
        EXPECT_EQ(Ptx::load_shared<int>(other), round);
        if (round < 2) Ptx::bar_arrive(2, 128);
      }
    }
  })();
}

TEST(NamedBarrierFaults, OtherWavesAreNotOrdered) {
  EXPECT_THAT(in(4,
                 [](unsigned char* arena) {
                   if (Ptx::wave() == 0 && Ptx::lane() == 0) Ptx::store_shared(arena, 1);
                   Ptx::bar_sync(1 + Ptx::wave() / 2, 64);
                   if (Ptx::wave() == 3) Ptx::load_shared<int>(arena);
                 }),
              ThrowsMessage<Fault>(AllOf(HasSubstr("wave 3, lane"),
                                         HasSubstr("written by wave 0, lane 0 by store_shared"))));
}

// Who only arrives learns nothing.
TEST(NamedBarrierFaults, ArrivingIsNotWaiting) {
  EXPECT_THAT(in(2,
                 [](unsigned char* arena) {
                   if (Ptx::wave() == 0) {
                     Ptx::store_shared(arena + 4 * Ptx::lane(), 1);
                     Ptx::bar_sync(1, 64);
                   } else {
                     Ptx::bar_arrive(1, 64);
                     Ptx::load_shared<int>(arena + 4 * Ptx::lane());
                   }
                 }),
              ThrowsMessage<Fault>(HasSubstr("wave 1, lane 0: load_shared 4 bytes")));
}

TEST(NamedBarrierFaults, WaveSplitBetweenTwoBarriers) {
  EXPECT_THAT(in(2, [](unsigned char*) { Ptx::bar_sync(Ptx::lane() < 16 ? 1 : 2, 32); }),
              ThrowsMessage<Fault>(AllOf(HasSubstr("barrier 1 is divergent"),
                                         HasSubstr("of wave 0 16 of 32 lanes wait"))));
  EXPECT_THAT(in(1, [](unsigned char*) { Ptx::bar_sync(Ptx::lane() < 16 ? 1 : 2, 32); }),
              ThrowsMessage<Fault>(AllOf(
                  HasSubstr("16 of 32 lanes, wave 0 lane 0 first, wait at barrier 1, bar.sync"),
                  HasSubstr("16 of 32 lanes, wave 0 lane 16 first, wait at barrier 2"))));
}

TEST(NamedBarrierFaults, CountsThatDoNotFit) {
  EXPECT_THAT(in(2, [](unsigned char*) { Ptx::bar_sync(1, Ptx::wave() == 0 ? 64 : 32); }),
              ThrowsMessage<Fault>(HasSubstr("barrier 1 for 32 lanes, others wait there for 64")));
  EXPECT_THAT(in(2, [](unsigned char*) { Ptx::bar_sync(1, 48); }),
              ThrowsMessage<Fault>(HasSubstr("not whole waves of 32")));
  EXPECT_THAT(in(1, [](unsigned char*) { Ptx::bar_sync(16, 32); }),
              ThrowsMessage<Fault>(HasSubstr("barrier 16: there are 16")));
}

TEST(NamedBarrierFaults, WaveThatArrivesTwice) {
  EXPECT_THAT(in(2,
                 [](unsigned char*) {
                   if (Ptx::wave() == 0) Ptx::bar_arrive(1, 64);
                   if (Ptx::wave() == 0) Ptx::bar_arrive(1, 64);
                 }),
              ThrowsMessage<Fault>(HasSubstr("this wave arrives twice")));
}

TEST(NamedBarrierFaults, ArrivalThatNobodyWaitsFor) {
  EXPECT_THAT(in(2,
                 [](unsigned char*) {
                   if (Ptx::wave() == 0) Ptx::bar_arrive(5, 64);
                 }),
              ThrowsMessage<Fault>(
                  HasSubstr("the block ends, and at barrier 5 only 32 of 64 lanes arrived")));
}

TEST(NamedBarrierFaults, TooFewArrive) {
  EXPECT_THAT(in(3,
                 [](unsigned char*) {
                   if (Ptx::wave() != 2) Ptx::bar_sync(3, 96);
                 }),
              ThrowsMessage<Fault>(
                  AllOf(HasSubstr("64 of 96 lanes, wave 0 lane 0 first, wait at barrier 3"),
                        HasSubstr("64 of 96 lanes arrived"),
                        HasSubstr("32 of 96 lanes, wave 2 lane 0 first, have ended"))));
}

// 384 lanes begin with 168 registers each.
TEST(SetMaxNReg, ConsumersTakeWhatTheProducerGivesUp) {
  in(12, [](unsigned char*) {
    if (Ptx::wave() < 8) {
      Ptx::set_registers_more<232>();
    } else {
      Ptx::set_registers_less<40>();
    }
  })();
}

TEST(SetMaxNRegFaults, MoreThanThereAre) {
  EXPECT_THAT(
      in(12,
         [](unsigned char*) {
           if (Ptx::wave() < 8) {
             Ptx::set_registers_more<240>();
           } else {
             Ptx::set_registers_less<40>();
           }
         }),
      ThrowsMessage<Fault>(AllOf(HasSubstr("wait for 72 more registers each, setmaxnreg.inc"),
                                 HasSubstr("of 65536 are in use"))));
}

TEST(SetMaxNRegFaults, WrongCounts) {
  EXPECT_THAT(in(4, [](unsigned char*) { Ptx::set_registers_less<36>(); }),
              ThrowsMessage<Fault>(HasSubstr("36 registers: not a multiple of 8 from 24 to 256")));
  EXPECT_THAT(in(12, [](unsigned char*) { Ptx::set_registers_more<40>(); }),
              ThrowsMessage<Fault>(HasSubstr("40 registers: the lane has 168")));
  EXPECT_THAT(in(4,
                 [](unsigned char*) {
                   if (Ptx::wave() == 0) Ptx::set_registers_less<40>();
                 }),
              ThrowsMessage<Fault>(HasSubstr("the first lane of its warpgroup with 40")));
}

TEST(NamedBarrierFaults, LoopsWithoutEnd) {
  EXPECT_THAT(
      in(1,
         [](unsigned char*) {
           while (true) Ptx::bar_sync(0, 32);
         }),
      ThrowsMessage<Fault>(HasSubstr("an endless loop: the block has passed 100000 barriers")));
}

}  // namespace
}  // namespace moat::emulator
