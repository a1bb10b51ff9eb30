// SPDX-License-Identifier: Apache-2.0
#include "bench/model/memory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "bench/cases/case.hpp"

namespace moat {
namespace {

constexpr double kBf16 = 2;

struct Matrix {
  int out = 0;
  int in = 0;
};

class Memory {
 public:
  explicit Memory(const ModelPlan& plan) : plan_(plan), s_(plan.shape) {}

  std::vector<ModelMemoryRecord> all() && {
    add("embedding", 1, "", {{s_.vocab_part, s_.hidden}}, WeightFormat::bf16);
    if (!s_.tied) {
      add("output head", 1, "", {{s_.vocab_part, s_.hidden}}, WeightFormat::bf16);
    }
    add("attention", s_.layers.all, "layers", projections(), s_.weights);
    add_mlps();
    for (const ExpertsShape& e : s_.experts) {
      add("router", s_.layers.experts, "layers", {{e.count, s_.hidden}}, WeightFormat::bf16);
      add("experts", 1.0 * s_.layers.experts * e.count,
          fmt::format("({} layers × {}) experts", s_.layers.experts, e.count), mlp(e.intermediate),
          s_.expert_weights);
    }
    add_norms();
    add_keys();
    add_largest_result();
    return std::move(all_);
  }

 private:
  // `count` times the matrices, as `of` names them.
  void add(std::string what, double count, const std::string& of,
           const std::vector<Matrix>& matrices, WeightFormat format) {
    if (count == 0) return;
    std::string sizes;
    double numbers = 0;
    double bytes = 0;
    for (const Matrix& m : matrices) {
      sizes += fmt::format("{}{} × {}", sizes.empty() ? "" : " + ", m.out, m.in);
      numbers += 1.0 * m.out * m.in;
      bytes += weight_bytes(format, m.out, m.in);
    }
    if (matrices.size() > 1) sizes = '(' + sizes + ')';
    const std::string times = of.empty()            ? ""
                              : of.starts_with('(') ? of + " × "
                                                    : fmt::format("{:g} {} × ", count, of);
    all_.push_back({.what = std::move(what),
                    .arithmetic = fmt::format("{}{} × {:.6g} bytes ({})", times, sizes,
                                              bytes / numbers, name_of(format)),
                    .bytes = count * bytes});
  }

  std::vector<Matrix> projections() const {
    if (!s_.latent) {
      return {{(s_.heads + 2 * s_.kv_heads) * s_.head_dim, s_.hidden},
              {s_.hidden, s_.heads * s_.head_dim}};
    }
    const LatentShape& l = *s_.latent;
    std::vector<Matrix> all;
    if (l.q_rank > 0) all.push_back({l.q_rank, s_.hidden});
    all.push_back({s_.heads * (l.nope + l.rotary), l.q_rank > 0 ? l.q_rank : s_.hidden});
    all.push_back({l.kv_rank + l.rotary, s_.hidden});
    all.push_back({s_.heads * (l.nope + l.value), l.kv_rank});
    all.push_back({s_.hidden, s_.heads * l.value});
    return all;
  }

  std::vector<Matrix> mlp(int width) const {
    return {{(s_.gated ? 2 : 1) * width, s_.hidden}, {s_.hidden, width}};
  }

  void add_mlps() {
    for (std::size_t i = 0; i < s_.mlps.size(); ++i) {
      const bool shared = s_.shared_experts && i + 1 == s_.mlps.size();
      add(shared ? "shared expert" : "feed-forward",
          shared ? s_.layers.experts : s_.layers.all - s_.layers.experts, "layers", mlp(s_.mlps[i]),
          s_.weights);
    }
  }

  void add_norms() {
    const double count = 2.0 * s_.layers.all + 1;
    all_.push_back(
        {.what = "norms",
         .arithmetic = fmt::format("(2 × {} layers + 1) × {} × 2 bytes", s_.layers.all, s_.hidden),
         .bytes = count * s_.hidden * kBf16});
  }

  void add_keys() {
    const int batch = plan_.query.batch;
    const int context = plan_.query.context;
    const auto add_layers = [&](int layers, int keys) {
      if (layers == 0) return;
      const std::string of_key =
          s_.latent ? fmt::format("({} + {})", s_.latent->kv_rank, s_.latent->rotary)
                    : fmt::format("2 × {} heads × {}", s_.kv_heads, s_.head_dim);
      const double numbers =
          s_.latent ? s_.latent->kv_rank + s_.latent->rotary : 2.0 * s_.kv_heads * s_.head_dim;
      all_.push_back({.what = s_.latent ? "cache of keys" : "cache of keys and values",
                      .arithmetic = fmt::format("{} layers × {} sequences × {} keys × {} × 2 bytes",
                                                layers, batch, keys, of_key),
                      .bytes = 1.0 * layers * batch * keys * numbers * kBf16});
    };
    add_layers(s_.layers.all - s_.layers.windowed, context);
    add_layers(s_.layers.windowed, std::min(context, s_.windows.back()));
  }

  // Of the steps' operations; they are computed one after the other.
  void add_largest_result() {
    std::string what;
    double most = 0;
    for (const ModelStep& step : plan_.steps) {
      for (const ModelOperation& o : step.operations) {
        if (!o.problem || written_bytes(*o.problem) <= most) continue;
        most = written_bytes(*o.problem);
        what = fmt::format("{}, {} of {} tokens", o.what, step.name, step.tokens);
      }
    }
    all_.push_back({.what = "largest result", .arithmetic = std::move(what), .bytes = most});
  }

  const ModelPlan& plan_;
  const ModelShape& s_;
  std::vector<ModelMemoryRecord> all_;
};

}  // namespace

std::vector<ModelMemoryRecord> memory_of(const ModelPlan& plan) { return Memory(plan).all(); }

double total_bytes(const std::vector<ModelMemoryRecord>& memory) {
  double sum = 0;
  for (const ModelMemoryRecord& m : memory) sum += m.bytes;
  return sum;
}

}  // namespace moat
