// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/onednn.hpp"

#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "bench/baselines/onednn_api.hpp"
#include "bench/baselines/onednn_attention.hpp"
#include "bench/baselines/onednn_codes.hpp"
#include "bench/baselines/onednn_rms_norm.hpp"
#include "bench/baselines/onednn_softmax.hpp"

namespace moat {
namespace {

using onednn::strided;

dnnl::matmul::primitive_desc gemm_desc(const dnnl::engine& engine, const GemmProblem& p) {
  const auto type = onednn::data_type(p.dtype);
  const bool transposed = p.order_b == Order::transposed;
  const auto leading = [](std::int64_t given, int width) { return given != 0 ? given : width; };
  const std::int64_t ldb = leading(p.ldb, transposed ? p.k : p.n);
  return onednn::matmul(
      engine, strided(type, {p.m, p.k}, {leading(p.lda, p.k), 1}),
      strided(type, {p.k, p.n},
              transposed ? dnnl::memory::dims{1, ldb} : dnnl::memory::dims{ldb, 1}),
      strided(type, {p.m, p.n}, {leading(p.ldc, p.n), 1}));
}

// What a one-primitive problem's calls keep.
struct Call {
  dnnl::stream stream;
  dnnl::primitive primitive;
  std::unordered_map<int, dnnl::memory> arguments;

  void set(int argument, const void* data) {
    arguments.at(argument).set_data_handle(const_cast<void*>(data));
  }
  void run() {
    primitive.execute(stream, arguments);
    stream.wait();
  }
};

std::string isa_name() {
  using dnnl::cpu_isa;
  static constexpr std::pair<cpu_isa, const char*> kNames[] = {
      {cpu_isa::sse41, "sse41"},
      {cpu_isa::avx, "avx"},
      {cpu_isa::avx2, "avx2"},
      {cpu_isa::avx2_vnni, "avx2_vnni"},
      {cpu_isa::avx512_core, "avx512_core"},
      {cpu_isa::avx512_core_vnni, "avx512_core_vnni"},
      {cpu_isa::avx512_core_bf16, "avx512_core_bf16"},
      {cpu_isa::avx512_core_amx, "avx512_core_amx"},
#if MOAT_ONEDNN(3, 0)
      {cpu_isa::avx2_vnni_2, "avx2_vnni_2"},
      {cpu_isa::avx512_core_fp16, "avx512_core_fp16"},
      {cpu_isa::avx512_core_amx_fp16, "avx512_core_amx_fp16"},
#endif
#if MOAT_ONEDNN(3, 9)
      {cpu_isa::avx10_2_512, "avx10_2"},
      {cpu_isa::avx10_2_512_amx_2, "avx10_2_amx_2"},
#endif
  };
  const cpu_isa isa = dnnl::get_effective_cpu_isa();
  for (const auto& [value, name] : kNames) {
    if (value == isa) return name;
  }
  return fmt::format("{:#x}", static_cast<int>(isa));
}

// Why this library cannot be used with `threads` of our own; empty if it can.
std::optional<std::string> unusable(const dnnl_version_t& found, int threads) {
  if (found.major != DNNL_VERSION_MAJOR || found.minor < DNNL_VERSION_MINOR) {
    return fmt::format("oneDNN {}.{} was found, and this build was compiled for {}.{}", found.major,
                       found.minor, DNNL_VERSION_MAJOR, DNNL_VERSION_MINOR);
  }
  const bool alone = found.cpu_runtime == DNNL_RUNTIME_SEQ && threads == 1;
  if (found.cpu_runtime != DNNL_RUNTIME_OMP && !alone) {
    return fmt::format(
        "oneDNN {}.{}.{} is built for {}, and how many threads it uses cannot be set; a build with "
        "ONEDNN_CPU_RUNTIME=OMP is needed",
        found.major, found.minor, found.patch,
        found.cpu_runtime == DNNL_RUNTIME_SEQ   ? "one thread"
        : found.cpu_runtime == DNNL_RUNTIME_TBB ? "TBB"
                                                : "threads of another kind");
  }
  return std::nullopt;
}

class OneDnn final : public Baseline {
 public:
  explicit OneDnn(int threads) : threads_(threads), engine_(dnnl::engine::kind::cpu, 0) {}

  std::string name() const override { return "onednn"; }

  std::string version() const override {
    const dnnl_version_t* v = dnnl_version();
    return fmt::format("{}.{}.{}", v->major, v->minor, v->patch);
  }

  std::string detail() const override {
    const bool alone = dnnl_version()->cpu_runtime == DNNL_RUNTIME_SEQ;
    return fmt::format("isa {}, {}", isa_name(), alone ? "serial" : "OpenMP");
  }

  std::string kernel(const Problem& problem) const override {
    const ThreadCount count(threads_);
    if (const auto* gemm = std::get_if<GemmProblem>(&problem)) {
      return gemm_desc(engine_, *gemm).impl_info_str();
    }
    if (const auto* attention = std::get_if<AttentionProblem>(&problem)) {
      return onednn::attention_chain(engine_, *attention, threads_).kernel();
    }
    if (const auto* weights = std::get_if<WeightGemmProblem>(&problem)) {
      return onednn::coded_kernel(engine_, *weights);
    }
    if (const auto* scaled = std::get_if<ScaledGemmProblem>(&problem)) {
      return onednn::coded_kernel(engine_, *scaled);
    }
    const auto& rows = std::get<RowsProblem>(problem);
    switch (rows.op) {
      case RowsOp::softmax:
        return onednn::softmax_kernel(engine_, rows);
      case RowsOp::rms_norm:
        return onednn::rms_norm_kernel(engine_, rows);
    }
    return {};
  }

  std::optional<std::string> unsupported(const Problem& problem) const override {
    if (std::holds_alternative<ReductionProblem>(problem)) {
      return "oneDNN's reductions keep a matrix; a plain parallel read is the baseline";
    }
    const auto* weights = std::get_if<WeightGemmProblem>(&problem);
    if (weights != nullptr) {
      if (auto reason = onednn::no_codes(*weights)) return reason;
    }
    const auto* scaled = std::get_if<ScaledGemmProblem>(&problem);
    if (scaled != nullptr) {
      if (auto reason = onednn::no_codes(*scaled)) return reason;
    }
    if (std::holds_alternative<PagedAttentionProblem>(problem)) {
      return "oneDNN has no attention over pages";
    }
    if (std::holds_alternative<IndexerProblem>(problem)) {
      return "oneDNN adds up no rectified products of heads";
    }
    if (std::holds_alternative<QuantiseProblem>(problem)) {
      return fmt::format("oneDNN {} quantises by scales that it is given", version());
    }
    if (std::holds_alternative<GroupedGemmProblem>(problem)) {
      return fmt::format("oneDNN {} has no grouped products; loop is our GEMM for each expert",
                         version());
    }
    const auto* attention = std::get_if<AttentionProblem>(&problem);
    if (attention == nullptr && weights == nullptr && scaled == nullptr &&
        !std::holds_alternative<GemmProblem>(problem) &&
        !std::holds_alternative<RowsProblem>(problem)) {
      return fmt::format("nobody has written {} with oneDNN here", describe(problem).kernel);
    }
    const auto* gemm = std::get_if<GemmProblem>(&problem);
    if (gemm != nullptr && !of_one_type(*gemm)) return kSeveralTypes;
    if (attention != nullptr && attention->causal && attention->q_len > attention->kv_len) {
      return "oneDNN's softmax gives NaN for a query that sees no key";
    }
    std::string kernels;
    try {
      kernels = kernel(problem);
    } catch (const dnnl::error& e) {
      kernels.clear();
    }
    std::string type(name_of(dtype(problem)));
    if (weights != nullptr) type += fmt::format(" × {}", name_of(weights->code));
    if (scaled != nullptr) type = fmt::format("{0} × {0}", name_of(scaled->code));
    if (kernels.empty()) {
      return fmt::format("oneDNN {} has no implementation of it for {} on this CPU", version(),
                         type);
    }
    if (kernels.find("ref") != std::string::npos) {
      return fmt::format("oneDNN {} has only reference code for it in {}: {}", version(), type,
                         kernels);
    }
    return std::nullopt;
  }

  std::function<void(const Problem&)> prepare(const Problem& problem) override {
    if (const auto reason = unsupported(problem)) throw std::runtime_error(*reason);
    const ThreadCount count(threads_);
    return [run = prepare_call(problem), threads = threads_](const Problem& p) {
      const ThreadCount count_of_call(threads);
      run(p);
    };
  }

 private:
  // oneDNN takes OpenMP's count of threads, when it plans and when it runs.
  class ThreadCount {
   public:
    explicit ThreadCount(int threads) : before_(omp_get_max_threads()) {
      omp_set_num_threads(threads);
    }
    ThreadCount(const ThreadCount&) = delete;
    ThreadCount& operator=(const ThreadCount&) = delete;
    ~ThreadCount() { omp_set_num_threads(before_); }

   private:
    int before_;
  };

  std::function<void(const Problem&)> prepare_call(const Problem& problem) const {
    if (const auto* attention = std::get_if<AttentionProblem>(&problem)) {
      return onednn::prepare_attention(engine_, *attention, threads_);
    }
    if (const auto* weights = std::get_if<WeightGemmProblem>(&problem)) {
      return onednn::prepare_coded(engine_, *weights);
    }
    if (const auto* scaled = std::get_if<ScaledGemmProblem>(&problem)) {
      return onednn::prepare_coded(engine_, *scaled);
    }
    const dnnl::stream stream(engine_);
    const auto view = [this](const dnnl::memory::desc& desc) {
      return dnnl::memory(desc, engine_, nullptr);
    };
    if (const auto* gemm = std::get_if<GemmProblem>(&problem)) {
      const auto desc = gemm_desc(engine_, *gemm);
      auto call =
          std::make_shared<Call>(Call{.stream = stream,
                                      .primitive = dnnl::matmul(desc),
                                      .arguments = {{DNNL_ARG_SRC, view(desc.src_desc())},
                                                    {DNNL_ARG_WEIGHTS, view(desc.weights_desc())},
                                                    {DNNL_ARG_DST, view(desc.dst_desc())}}});
      return [call](const Problem& q) {
        const auto& p = std::get<GemmProblem>(q);
        call->set(DNNL_ARG_SRC, p.a);
        call->set(DNNL_ARG_WEIGHTS, p.b);
        call->set(DNNL_ARG_DST, p.c);
        call->run();
      };
    }
    const auto& rows = std::get<RowsProblem>(problem);
    switch (rows.op) {
      case RowsOp::softmax:
        return onednn::prepare_softmax(engine_, rows, threads_);
      case RowsOp::rms_norm:
        return onednn::prepare_rms_norm(engine_, rows, threads_);
    }
    return nullptr;
  }

  int threads_;
  dnnl::engine engine_;
};

}  // namespace

void open_onednn(int threads, Baselines& baselines) {
  if (auto reason = unusable(*dnnl_version(), threads)) {
    baselines.absent.push_back({"onednn", *reason});
    return;
  }
  try {
    baselines.found.push_back(std::make_unique<OneDnn>(threads));
  } catch (const std::exception& e) {
    baselines.absent.push_back({"onednn", e.what()});
  }
}

}  // namespace moat
