// Planted reports: each must fail, and only for what was planted.
#include "bench/codegen/gate.hpp"

#include <gtest/gtest.h>

#include <algorithm>

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

TEST(CodegenGate, FailsWhereAPromisedInstructionIsMissing) {
  expect_one(after([](EntryReport& e) { e.instructions.matrix.clear(); }), "mma.sync");
  expect_one(after([](EntryReport& e) {
               e.instructions.matrix = {{"mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32", 9}};
             }),
             "mma.sync.aligned.m16n8k16");
  // A kernel that vanished keeps no promise.
  expect_one(after([](EntryReport& e) { e.name.kernel = "other"; }), "was not compiled");
}

TEST(CodegenGate, FailsWhereFewerBlocksFitThanTheLaunchBoundsAsk) {
  expect_one(after([](EntryReport& e) {
               e.occupancy = occupancy(
                   "sm_80", {.threads = 128, .registers = 128, .shared_bytes = 100 * 1024});
             }),
             "1 of 2 blocks");
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
  const Json document = to_json(report);
  EXPECT_EQ(to_json(from_json(document)).dump(), document.dump());
  EXPECT_THROW(from_json(Json{{"schema", "other"}}), std::runtime_error);
}

TEST(CodegenReport, TableAndCsvSayTheSame) {
  Report report;
  report.entries = {good()};
  EXPECT_NE(table(report).find("gemm/f16/row_major/128x64x32-2-2-2"), std::string::npos);
  EXPECT_NE(table(report).find("counted in PTX"), std::string::npos);
  const std::string rows = csv(report);
  const auto columns = [](const std::string& line) { return std::ranges::count(line, ','); };
  const std::size_t end = rows.find('\n');
  EXPECT_EQ(columns(rows.substr(0, end)), columns(rows.substr(end)));
}

}  // namespace
}  // namespace moat::codegen
