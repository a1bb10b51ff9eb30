// SPDX-License-Identifier: Apache-2.0
#include "bench/cases/models.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "bench/cases/configurations.hpp"
#include "bench/cases/model_cases.hpp"
#include "bench/cases/model_shape.hpp"

namespace moat {
namespace {

constexpr std::string_view kAround =
    "embeddings, RMSNorm alone and with the residual, RoPE, SwiGLU at 1, 16, 512, 4096 tokens; "
    "head, softmax, top-k and sampling at 1, 16";
constexpr std::string_view kExperts =
    "the router, the choice of experts, permutation, and products of as many experts as 1 GiB of "
    "weights holds";

Suite suite_of(std::string_view name, const Configuration& c, const ModelShape& shape,
               std::string description) {
  // The description names it.
  std::vector<std::string> left_out;
  return {.name = std::string(name),
          .description = std::move(description),
          .source = c.source(),
          .cases = model_cases(shape, {}, left_out)};
}

Suite dense(std::string_view name, std::string_view id) {
  const Configuration& c = find_configuration(id);
  return suite_of(name, c, shape_of(c),
                  fmt::format("one layer and the output head of {}: qkv, o, gate and up, down "
                              "projections, attention, {}",
                              id, kAround));
}

// DeepSeek-V3 and what is built like it.
Suite latent(std::string_view name, std::string_view id) {
  const Configuration& c = find_configuration(id);
  return suite_of(
      name, c, shape_of(c),
      fmt::format("parts of {}, products in bf16 and in FP8 with the scales of the "
                  "released weights: latent attention's projections, the MLP of the first "
                  "layers, the shared expert, quantisation of what products read, {}, "
                  "latent attention, absorbed over a paged cache to decode, keys of {} and values "
                  "of {} elements to prefill, {}",
                  id, kExperts, c.size("qk_nope_head_dim") + c.size("qk_rope_head_dim"),
                  c.size("v_head_dim"), kAround));
}

// Grouped queries and experts in every layer, with queries and keys that are normalised per head.
Suite qwen3(std::string_view name, std::string_view id) {
  const Configuration& c = find_configuration(id);
  return suite_of(name, c, shape_of(c),
                  fmt::format("parts of {}: qkv and o projections, attention, RMSNorm of the heads "
                              "of queries and keys, {}, {}",
                              id, kExperts, kAround));
}

Suite gpt_oss(std::string_view name, std::string_view id) {
  const Configuration& c = find_configuration(id);
  return suite_of(
      name, c, shape_of(c),
      fmt::format("parts of {}: qkv and o projections, attention with "
                  "sinks over a paged cache, with and without the window of {} keys, {}, {}, with "
                  "its limit. Left out: the biases of its products",
                  id, c.size("sliding_window"), kExperts, kAround));
}

// Scout and Maverick differ in their number of experts, and Maverick has dense layers in between.
Suite llama4(std::string_view name, std::string_view id) {
  const Configuration& c = find_configuration(id);
  const Configuration& scout = find_configuration("meta-llama/Llama-4-Scout-17B-16E-Instruct");
  ModelShape shape = shape_of(c);
  shape.experts.push_back(shape_of(scout).experts.front());
  Suite suite = suite_of(
      name, c, shape,
      fmt::format("parts of Llama 4 Maverick and Scout: qkv and o projections, "
                  "attention over all keys, Maverick's dense MLP, the shared expert, of both "
                  "{}, {}. Left out: Scout's norm of queries and keys, which has no weight, "
                  "attention's chunks of 8192 keys, and the choice of experts, whose weights "
                  "are not normalised",
                  kExperts, kAround));
  suite.source += "; " + scout.source();
  return suite;
}

struct Model {
  std::string_view suite;
  std::string_view id;
  Suite (*suite_of)(std::string_view name, std::string_view id);
};

constexpr std::array kModels{
    Model{"llama3-8b", "meta-llama/Llama-3.1-8B", dense},
    Model{"llama3-70b", "meta-llama/Llama-3.1-70B", dense},
    Model{"qwen2.5-7b", "Qwen/Qwen2.5-7B", dense},
    Model{"deepseek-v3", "deepseek-ai/DeepSeek-V3", latent},
    Model{"kimi-k2", "moonshotai/Kimi-K2-Instruct", latent},
    Model{"qwen3-30b-a3b", "Qwen/Qwen3-30B-A3B", qwen3},
    Model{"qwen3-235b-a22b", "Qwen/Qwen3-235B-A22B", qwen3},
    Model{"gpt-oss-120b", "openai/gpt-oss-120b", gpt_oss},
    Model{"llama-4", "meta-llama/Llama-4-Maverick-17B-128E-Instruct", llama4}};

}  // namespace

std::vector<Suite> model_suites() {
  std::vector<Suite> all;
  for (const Model& m : kModels) all.push_back(m.suite_of(m.suite, m.id));
  return all;
}

const Configuration* find_model(std::string_view suite) {
  const auto found = std::ranges::find(kModels, suite, &Model::suite);
  return found == kModels.end() ? nullptr : &find_configuration(found->id);
}

}  // namespace moat
