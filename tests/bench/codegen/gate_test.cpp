// SPDX-License-Identifier: Apache-2.0
// Planted reports: each must fail, and only for what was planted.
#include "bench/codegen/gate.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/codegen/ptxas.hpp"
#include "bench/codegen/table.hpp"

namespace moat::codegen {
namespace {

const std::vector<Promise> kPromised = {{.family = "sm_80",
                                         .dtype = "f16",
                                         .kernels = {"gemm"},
                                         .instructions = {"mma.sync.aligned.m16n8k16"}}};

EntryReport good() {
  EntryReport e;
  e.entry = "_Z1x";
  e.name = {.kernel = "gemm",
            .dtype = "f16",
            .variant = "row_major",
            .schedule = "128x64x32-2-2-2",
            .dynamic_shared_bytes = 4096};
  e.source = "gemm";
  e.backend = "cuda";
  e.family = "sm_80";
  e.architecture = "sm_80";
  e.registers = 128;
  e.spill_store_bytes = 0;
  e.spill_load_bytes = 0;
  e.threads = 128;
  e.min_blocks = 2;
  e.instructions.matrix["mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32"] = 64;
  e.occupancy = occupancy("sm_80", {.threads = 128, .registers = 128, .shared_bytes = 4096});
  return e;
}

std::vector<Failure> after(void (*plant)(EntryReport&)) {
  Report report;
  report.entries = {good()};
  plant(report.entries[0]);
  return failures(report, kPromised);
}

// A kernel that streams.
void become_another(EntryReport& e) {
  e.name.kernel = "other";
  e.name.schedule = "4-2";
}

void expect_one(const std::vector<Failure>& found, const char* part) {
  ASSERT_EQ(found.size(), 1U);
  EXPECT_NE(found[0].what.find(part), std::string::npos) << found[0].what;
}

TEST(CodegenGate, PassesWhatIsGood) {
  EXPECT_TRUE(after([](EntryReport&) {}).empty());
}

TEST(CodegenGate, FailsOnEachKindOfSpillAndStack) {
  expect_one(after([](EntryReport& e) { e.spill_store_bytes = 4; }), "spills: 4 bytes out");
  expect_one(after([](EntryReport& e) { e.spill_load_bytes = 8; }), "8 bytes in");
  expect_one(after([](EntryReport& e) { e.vector_spills = 1; }), "1 vector registers");
  expect_one(after([](EntryReport& e) { e.stack_bytes = 16; }), "stack frame of 16 bytes");
  expect_one(after([](EntryReport& e) { e.dynamic_stack = true; }), "dynamic size");
  // Scalar registers parked in lanes of vector registers touch no memory.
  EXPECT_TRUE(after([](EntryReport& e) { e.scalar_spills = 3; }).empty());
}

// Of one kernel, and only as long as it has some.
TEST(CodegenGate, PassesSpillsThatAreKnown) {
  Report report;
  report.entries = {good(), good()};
  report.entries[0].spill_store_bytes = 8;
  report.entries[0].stack_bytes = 8;
  report.entries[0].entry = "f_8rows";
  const std::vector<Spilling> known = {{"sm_80", "gemm", "f16", "8rows", "too few registers"}};
  EXPECT_TRUE(failures(report, {}, known).empty());
  const auto told = known_spills(report, known);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].what, "too few registers");
  report.entries[1].stack_bytes = 8;
  expect_one(failures(report, {}, known), "stack frame of 8 bytes");
  report.entries[1].stack_bytes = 0;
  report.entries[0].spill_store_bytes = 0;
  report.entries[0].stack_bytes = 0;
  expect_one(failures(report, {}, known), "no kernel spills any more");
  // What is not compiled may spill or not.
  report.entries = {};
  EXPECT_TRUE(failures(report, {}, known).empty());
}

TEST(CodegenGate, FailsWhereAPromisedInstructionIsMissing) {
  expect_one(after([](EntryReport& e) { e.instructions.matrix.clear(); }), "mma.sync");
  expect_one(after([](EntryReport& e) {
               e.instructions.matrix = {{"mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32", 9}};
             }),
             "mma.sync.aligned.m16n8k16");
  // A kernel that vanished keeps no promise.
  expect_one(after(become_another), "was not compiled");
}

// One that was added after the promises were written.
TEST(CodegenGate, FailsWhereNothingIsPromisedOfAKernelOfProducts) {
  Report report;
  report.entries = {good(), good()};
  report.entries[1].name.kernel = "convolution";
  expect_one(failures(report, kPromised), "nothing is promised of it");
  // Nor is anything of its family.
  report.entries[1].family = "plain32";
  EXPECT_TRUE(failures(report, kPromised).empty());
}

TEST(CodegenGate, FailsWhereFewerBlocksFitThanTheLaunchBoundsAsk) {
  expect_one(after([](EntryReport& e) {
               e.occupancy = occupancy(
                   "sm_80", {.threads = 128, .registers = 128, .shared_bytes = 100 * 1024});
             }),
             "1 of 2 blocks");
}

// AMD's code does not state how many blocks were counted on; the schedule does.
TEST(CodegenGate, FailsWhereFewerBlocksFitThanAnAmdScheduleCountsOn) {
  const auto amd = [](const char* schedule, int lds) {
    Report report;
    report.entries = {good()};
    EntryReport& e = report.entries[0];
    e.family = "cdna";
    e.architecture = "gfx942";
    e.min_blocks.reset();
    e.name.schedule = schedule;
    e.occupancy =
        occupancy("gfx942", {.threads = 256, .registers = 128, .shared_bytes = lds << 10});
    return failures(report, {});
  };
  EXPECT_TRUE(amd("128x128x32-2-2-2-2", 32).empty());
  expect_one(amd("128x128x32-2-2-2-2", 40), "1 of 2 blocks");
  expect_one(amd("split_f32x128x64-32-2-2-2-3", 40), "1 of 2 blocks");
  EXPECT_TRUE(amd("128x64x0-4-1-1-2", 40).empty());
  expect_one(amd("4-4", 32), "2 of 4 blocks");
  EXPECT_TRUE(amd("", 40).empty());
}

// An entry that keeps `promise`, with nothing to spare.
EntryReport kept(const Promise& promise, const std::string& kernel) {
  EntryReport e = good();
  e.entry = "_Z" + promise.type;
  e.family = promise.family;
  e.name.dtype = promise.dtype;
  e.name.kernel = kernel;
  e.instructions = {};
  if (!promise.instructions.empty()) e.instructions.matrix[promise.instructions[0] + ".x"] = 1;
  if (promise.of_machine_code()) e.exponentials = Exponentials{.all = 132, .hidden = 66};
  e.instructions.global_stores_wide = promise.wide_stores;
  e.instructions.async_copies = promise.async_copies;
  e.instructions.box_copies = promise.box_copies;
  e.instructions.ranged_loads = promise.ranged_loads;
  e.instructions.loads_ahead = promise.loads_ahead;
  e.instructions.global_loads = e.instructions.global_loads_wide = std::max(
      {promise.wide_loads, promise.async_copies, promise.box_copies, promise.ranged_loads});
  return e;
}

TEST(CodegenGate, FailsOnTheAbsenceOfWhatEachPromiseNames) {
  for (const Promise& promise : promises()) {
    Report report;
    for (const auto& kernel : promise.kernels) report.entries.push_back(kept(promise, kernel));
    EXPECT_TRUE(failures(report, {promise}).empty());
    for (std::size_t i = 0; i < report.entries.size(); ++i) {
      SCOPED_TRACE(report.entries[i].text() + " of " + promise.family + promise.type);
      const auto planted = [&](auto plant) {
        Report faulty = report;
        plant(faulty.entries[i]);
        return failures(faulty, {promise});
      };
      expect_one(planted(become_another), "was not compiled");
      // Loads of 16 bytes that go through registers stand for neither kind of copy.
      if (promise.wide_loads > 0) {
        expect_one(planted([](EntryReport& e) { e.instructions.global_loads_wide = 0; }),
                   "0 global loads of 16 bytes");
      }
      if (promise.wide_stores > 0) {
        expect_one(planted([](EntryReport& e) { e.instructions.global_stores_wide = 0; }),
                   "0 global stores of 16 bytes");
      }
      if (promise.async_copies > 0) {
        expect_one(planted([](EntryReport& e) { --e.instructions.async_copies; }),
                   fmt::format("{} copies of 16 bytes by cp.async; promised are {}",
                               promise.async_copies - 1, promise.async_copies)
                       .c_str());
      }
      if (promise.ranged_loads > 0) {
        expect_one(planted([](EntryReport& e) { --e.instructions.ranged_loads; }),
                   "1 buffer loads of 16 bytes; promised are 2");
      }
      if (promise.loads_ahead > 0) {
        expect_one(planted([](EntryReport& e) { e.instructions.loads_ahead = 0; }),
                   "0 buffer loads that a matrix instruction follows");
      }
      if (promise.box_copies > 0) {
        expect_one(planted([](EntryReport& e) {
                     --e.instructions.box_copies;
                     --e.instructions.global_loads;
                   }),
                   "1 copies of boxes");
      }
      if (!promise.instructions.empty()) {
        expect_one(planted([](EntryReport& e) { e.instructions.matrix.clear(); }), "lacks the");
      }
      if (!promise.without.empty()) {
        expect_one(planted([&](EntryReport& e) { e.entry += promise.without; }),
                   "was not compiled");
      }
      if (!promise.type.empty()) {
        expect_one(planted([](EntryReport& e) { e.entry = "_Zother"; }), "was not compiled");
      }
      if (promise.only_box_copies) {
        expect_one(planted([](EntryReport& e) { ++e.instructions.global_loads; }),
                   "1 global loads that are no boxes");
      }
      if (promise.shared_sums) {
        expect_one(planted([](EntryReport& e) {
                     e.instructions.global_loads += 8;
                     e.instructions.global_loads_wide += 8;
                     e.instructions.global_stores_wide += 7;
                   }),
                   "1 global loads that are no boxes");
      }
      if (promise.hidden_exponentials) {
        expect_one(planted([](EntryReport& e) { e.exponentials->late = {"MUFU.EX2 R1, R1"}; }),
                   "1 of 132 exponentials are behind the wait that they should hide: MUFU.EX2 R1");
        // Those that lie neither before nor behind a wait are not hidden either.
        expect_one(planted([](EntryReport& e) { --e.exponentials->hidden; }), "65 of 132");
      }
      if (promise.plain_exponentials) {
        expect_one(planted([](EntryReport& e) { e.exponentials->rescues = {"FSETP.GEU.AND"}; }),
                   "1 instructions beside the exponentials rescue subnormal results: FSETP.GEU");
        expect_one(planted([](EntryReport& e) { e.exponentials = Exponentials{}; }),
                   "has no exponentials");
      }
      if (promise.of_machine_code()) {
        expect_one(planted([](EntryReport& e) { e.exponentials.reset(); }),
                   "was not disassembled, for no reason given");
      }
    }
  }
}

// Without nvdisasm a promise of machine code is neither kept nor broken, but said.
TEST(CodegenGate, NamesThePromisesThatNoDisassemblerCouldCheck) {
  int named = 0;
  for (const Promise& promise : promises()) {
    if (!promise.of_machine_code()) continue;
    Report report;
    for (const auto& kernel : promise.kernels) report.entries.push_back(kept(promise, kernel));
    report.not_disassembled["cuda"] = "install cuda-nvdisasm";
    EXPECT_TRUE(skipped(report, {promise}).empty());
    for (EntryReport& e : report.entries) e.exponentials.reset();
    EXPECT_TRUE(failures(report, {promise}).empty());
    const auto names = skipped(report, {promise});
    ASSERT_EQ(names.size(), report.entries.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
      EXPECT_EQ(names[i].where, report.entries[i].text());
      EXPECT_NE(names[i].what.find("install cuda-nvdisasm"), std::string::npos) << names[i].what;
      ++named;
    }
  }
  EXPECT_EQ(named, 14);
}

// Sums of 16 bytes that a block reads as it stores its own.
TEST(CodegenGate, SharedSumsAreLoadsToo) {
  for (const Promise& promise : promises()) {
    if (!promise.shared_sums) continue;
    Report report;
    report.entries.push_back(kept(promise, promise.kernels.front()));
    Instructions& i = report.entries.front().instructions;
    i.global_loads += 8;
    i.global_loads_wide += 8;
    i.global_stores_wide += 8;
    EXPECT_TRUE(failures(report, {promise}).empty());
  }
}

// What each family's pipeline promises of how its operands reach shared memory.
TEST(CodegenGate, PipelinesPromiseTheirKindOfCopy) {
  for (const Promise& p : promises()) {
    SCOPED_TRACE(p.family + " " + p.dtype + " " + p.type);
    if (p.of_machine_code()) continue;
    const bool nvidia = p.family.starts_with("sm_");
    const bool roles = p.type == "WarpSpecializedSchedule";
    const bool decoded = p.kernels == std::vector<std::string>{"scaled_gemm"};
    const bool looked_up =
        p.kernels.front() == "grouped_gemm" || p.kernels.front() == "scaled_gemm";
    EXPECT_EQ(p.async_copies > 0, nvidia && !roles && !decoded);
    EXPECT_EQ(p.box_copies > 0, roles);
    EXPECT_EQ(p.only_box_copies, roles && !looked_up);
    EXPECT_EQ(p.shared_sums, roles && p.kernels.front() == "gemm");
    const bool paged = p.kernels == std::vector<std::string>{"paged_attention"};
    EXPECT_EQ(p.ranged_loads > 0, (p.family == "cdna" || p.family == "rdna3") && !paged);
  }
}

// A schedule of roles that falls back to a warp's instruction, and f32 that forgets to split.
TEST(CodegenGate, AsksForTheInstructionOfEachSchedule) {
  const auto multiplies_with = [](const char* dtype, const char* type, const char* opcode) {
    Report report;
    EntryReport e = good();
    e.entry = type;
    e.family = e.architecture = "sm_90a";
    e.name.dtype = dtype;
    e.instructions.matrix = {{opcode, 8}};
    report.entries = {e};
    auto found = failures(report);
    std::erase_if(found, [](const Failure& f) { return !f.what.starts_with("lacks"); });
    return found;
  };
  const char* warp = "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32";
  const char* warpgroup = "wgmma.mma_async.sync.aligned.m64n256k16.f32.f16.f16";
  const char* tf32 = "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32";
  EXPECT_TRUE(multiplies_with("f16", "WarpSpecializedSchedule", warpgroup).empty());
  EXPECT_TRUE(multiplies_with("f16", "TileSchedule", warp).empty());
  EXPECT_TRUE(multiplies_with("f32", "TileSchedule SplitF32", tf32).empty());
  expect_one(multiplies_with("f16", "WarpSpecializedSchedule", warp), "wgmma");
  expect_one(multiplies_with("bf16", "WarpSpecializedSchedule", warpgroup), "bf16.bf16");
  expect_one(multiplies_with("f32", "TileSchedule SplitF32", warp), "tf32");
}

TEST(CodegenGate, FailsOnMessagesAndOnWhatCouldNotBeRead) {
  Report report;
  report.entries = {good()};
  report.messages["gemm/sm_90a"] =
      read_ptxas(
          "ptxas info    : (C7510) Potential Performance Loss: wgmma.mma_async "
          "instructions are serialized due to insufficient register resources for the "
          "wgmma pipeline in the function 'x'\n")
          .messages;
  expect_one(failures(report, kPromised), "C7510");
  report.messages.clear();
  report.errors["rows/cdna"] = "rows.o cannot be read";
  expect_one(failures(report, kPromised), "cannot be read");
}

TEST(CodegenReport, SurvivesItsDocument) {
  Report report;
  report.entries = {good()};
  report.messages["gemm/sm_90a"] = {"ptxas warning"};
  report.absent["hip"] = "off";
  report.entries[0].instructions.async_copies = 7;
  report.entries[0].instructions.box_copies = 5;
  report.entries[0].instructions.ranged_loads = 3;
  report.entries[0].instructions.loads_ahead = 2;
  report.entries[0].exponentials = {
      .all = 3, .hidden = 2, .late = {"MUFU.EX2 R1, R1"}, .rescues = {"FMUL R1, R1, R1"}};
  report.not_disassembled["cuda"] = "no nvdisasm";
  const Json document = to_json(report);
  EXPECT_EQ(document["entries"][0]["exponentials"]["late"][0], "MUFU.EX2 R1, R1");
  EXPECT_EQ(document["not_disassembled"]["cuda"], "no nvdisasm");
  EXPECT_EQ(document["entries"][0]["instructions"]["async_copies"], 7);
  EXPECT_EQ(document["entries"][0]["instructions"]["box_copies"], 5);
  EXPECT_EQ(document["entries"][0]["instructions"]["ranged_loads"], 3);
  EXPECT_EQ(document["entries"][0]["instructions"]["loads_ahead"], 2);
  EXPECT_EQ(to_json(from_json(document)).dump(), document.dump());
  EXPECT_THROW(from_json(Json{{"schema", "other"}}), std::runtime_error);
}

TEST(CodegenReport, TableAndCsvSayTheSame) {
  Report report;
  report.entries = {good()};
  report.entries[0].instructions.async_copies = 71;
  report.entries[0].instructions.box_copies = 53;
  report.entries[0].instructions.ranged_loads = 37;
  report.entries[0].instructions.loads_ahead = 29;
  const std::string text = table(report);
  for (const char* part : {"gemm/f16/row_major/128x64x32-2-2-2", "counted in PTX", "cp.async",
                           "TMA", "buffer", " 71 ", " 53 ", " 29/37 "}) {
    EXPECT_NE(text.find(part), std::string::npos) << part;
  }
  const std::string rows = csv(report);
  const auto columns = [](const std::string& line) { return std::ranges::count(line, ','); };
  const std::size_t end = rows.find('\n');
  EXPECT_EQ(columns(rows.substr(0, end)), columns(rows.substr(end)));
  EXPECT_NE(rows.find(",async_copies,box_copies,ranged_loads,loads_ahead,"), std::string::npos);
  EXPECT_NE(rows.find(",71,53,37,29,"), std::string::npos);
}

}  // namespace
}  // namespace moat::codegen
