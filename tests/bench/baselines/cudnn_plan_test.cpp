// SPDX-License-Identifier: Apache-2.0
// cuDNN's plans of attention for GPUs that are not here: the library takes the graph, its
// heuristics name an engine, and the engine's kernel is compiled. Nothing runs.
#include "bench/baselines/cudnn_plan.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "bench/cases/case.hpp"

namespace moat::cudnn {
namespace {

// As cuDNN writes the properties of a device; the numbers are those of NVIDIA's documents.
struct Gpu {
  const char* name;
  int version;  // compute capability · 100
  int multiprocessors;
  int shared_memory;  // most bytes of a block
  int l2_bytes;
};
constexpr Gpu kA100{"A100", 800, 108, 166912, 41943040};
constexpr Gpu kH100{"H100", 900, 132, 232448, 52428800};

std::string properties(const Gpu& gpu) {
  return fmt::format(
      R"({{"deviceName":"{}","deviceVer":{},"multiProcessorCount":{},"l2CacheSize":{},)"
      R"("maxSharedMemoryPerBlockOptin":{},"maxSharedMemoryPerBlock":49152,)"
      R"("reservedSharedMemoryPerBlock":1024,"maxRegistersPerSM":65536,"regsPerBlock":65536,)"
      R"("maxCtasPerSM":32,"maxThreadsPerBlock":1024,"maxThreadsPerSM":2048,"warpSize":32,)"
      R"("maxBlockSize":[1024,1024,64],"maxGridSize":[2147483647,65535,65535],)"
      R"("totalGlobalMem":85899345920,"smClockRateKHz":1410000,"memClockRateKHz":1593000,)"
      R"("supportCoopLaunch":1,"isTccDriver":0,"pciDeviceId":0,"cudaDeviceId":0,)"
      R"("driverVer":13000}})",
      gpu.name, gpu.version, gpu.multiprocessors, gpu.l2_bytes, gpu.shared_memory);
}

class CudnnPlan : public testing::Test {
 protected:
  void SetUp() override {
    try {
      library_.emplace(MOAT_CUDNN_LIBRARY_DIR);
    } catch (const std::runtime_error& e) {
      GTEST_SKIP() << e.what();
    }
    if (library_->version() < 90800) {
      GTEST_SKIP() << "cuDNN " << library_->version_text()
                   << " plans for no device that is not here; 9.8 and newer do";
    }
    // cuDNN hands what it compiled to the driver, which a machine without a GPU lacks and which
    // takes no code for another GPU.
    ASSERT_NE(dlopen(MOAT_DRIVERLESS_CUDA, RTLD_NOW), nullptr) << dlerror();
  }

  Plan plan(const Gpu& gpu, Graph graph) {
    const Descriptor device = device_properties(*library_, properties(gpu));
    return Plan(*library_, {.properties = &device}, std::move(graph));
  }

  std::string refusal(const Gpu& gpu, Graph graph) {
    try {
      return "none: " + plan(gpu, std::move(graph)).kernel();
    } catch (const std::runtime_error& e) {
      return e.what();
    }
  }

  std::optional<Library> library_;
};

class CudnnPlanOf : public CudnnPlan, public testing::WithParamInterface<const char*> {};

TEST_P(CudnnPlanOf, IsFused) {
  const auto p = std::get<AttentionProblem>(parse_case(GetParam()));
  ASSERT_EQ(inexpressible(p), std::nullopt);
  for (const Gpu& gpu : {kA100, kH100}) {
    const Plan made = plan(gpu, attention_graph(p));
    EXPECT_NE(made.kernel().find("sdpa"), std::string::npos) << made.kernel();
    // Scores in memory would be no fused attention. Of a single query, the partial results of
    // several ranges of keys take more.
    const double scores =
        1.0 * p.batch * p.q_heads * p.q_len * p.kv_len * static_cast<double>(size_of(p.dtype));
    if (p.q_len > 1) {
      EXPECT_LT(static_cast<double>(made.workspace_bytes()), scores) << made.kernel();
    }
    RecordProperty(gpu.name, made.kernel());
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, CudnnPlanOf,
                         testing::Values("attention/f16/b1q512kv512h32hkv8d64",
                                         "attention/bf16/b2q512kv512h8hkv8d128causal",
                                         "attention/bf16/b1q300kv504h8hkv2d64causal",
                                         "attention/f16/b1q77kv1031h8hkv8d128causal",
                                         "attention/f16/b1q1kv4096h32hkv8d128",
                                         "attention/bf16/b4q1kv1000h8hkv8d64causal",
                                         "attention/f16/b1q600kv300h8hkv4d128"));

const AttentionProblem kShape{.dtype = DType::f16,
                              .batch = 2,
                              .q_heads = 8,
                              .kv_heads = 8,
                              .q_len = 256,
                              .kv_len = 256,
                              .causal = true};

TEST_F(CudnnPlan, RefusesWhatIsNoAttention) {
  // The largest of the weights is no softmax's divisor.
  Graph g = attention_graph(kShape);
  for (Operation& o : g.operations) {
    if (o.op == Op::row_sum) o.op = Op::row_max;
  }
  const std::string text = refusal(kH100, g);
  EXPECT_NE(text.find("has no engine for this graph"), std::string::npos) << text;
}

TEST_F(CudnnPlan, RefusesMatricesThatDoNotFit) {
  Graph g = attention_graph(kShape);
  g.tensors[kKey].sizes[2] = 32;
  const std::string text = refusal(kH100, g);
  EXPECT_NE(text.find("product"), std::string::npos) << text;
}

TEST_F(CudnnPlan, RefusesAnUnknownDevice) {
  try {
    device_properties(*library_, "{\"deviceVer\":900}");
    ADD_FAILURE() << "a device without properties";
  } catch (const std::runtime_error& e) {
    EXPECT_NE(std::string(e.what()).find("device properties"), std::string::npos) << e.what();
  }
}

TEST_F(CudnnPlan, TakesOperandsAndNeedsADeviceToRun) {
  const Plan made = plan(kH100, attention_graph(kShape));
  std::array<std::byte, kArguments + 1> memory{};
  const std::array<void*, kArguments> operands{&memory[0], &memory[1], &memory[2], &memory[3]};
  const Descriptor pack = made.pack(operands, &memory[4]);
  try {
    made.execute(nullptr, pack);
    ADD_FAILURE() << "executed without a device";
  } catch (const std::runtime_error& e) {
    EXPECT_NE(std::string(e.what()).find("cudnnBackendExecute"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace moat::cudnn
