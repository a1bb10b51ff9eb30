// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/cudnn_plan.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace moat::cudnn {
namespace {

// What the fused engines load at once; Device::allocate gives more.
constexpr std::int64_t kAlignment = 16;

cudnnDataType_t data_type(Element element) {
  switch (element) {
    case Element::f16:
      return CUDNN_DATA_HALF;
    case Element::bf16:
      return CUDNN_DATA_BFLOAT16;
    case Element::f32:
      return CUDNN_DATA_FLOAT;
    case Element::i32:
      return CUDNN_DATA_INT32;
    case Element::boolean:
      return CUDNN_DATA_BOOLEAN;
  }
  throw std::logic_error("no such element");
}

cudnnPointwiseMode_t pointwise_mode(Op op) {
  switch (op) {
    case Op::add:
      return CUDNN_POINTWISE_ADD;
    case Op::subtract:
      return CUDNN_POINTWISE_SUB;
    case Op::multiply:
      return CUDNN_POINTWISE_MUL;
    case Op::divide:
      return CUDNN_POINTWISE_DIV;
    case Op::exponential:
      return CUDNN_POINTWISE_EXP;
    case Op::logarithm:
      return CUDNN_POINTWISE_LOG;
    case Op::row_index:
    case Op::column_index:
      return CUDNN_POINTWISE_GEN_INDEX;
    case Op::at_least:
      return CUDNN_POINTWISE_CMP_GE;
    case Op::select:
      return CUDNN_POINTWISE_BINARY_SELECT;
    case Op::matrix_product:
    case Op::row_max:
    case Op::row_sum:
      break;
  }
  throw std::logic_error("not element by element");
}

std::int64_t uid(std::size_t tensor) { return static_cast<std::int64_t>(tensor) + 1; }

Descriptor describe(const Library& library, const Tensor& tensor, std::int64_t id) {
  Descriptor d(library, CUDNN_BACKEND_TENSOR_DESCRIPTOR, fmt::format("tensor {}", id));
  d.set(CUDNN_ATTR_TENSOR_UNIQUE_ID, id);
  d.set(CUDNN_ATTR_TENSOR_DATA_TYPE, data_type(tensor.element));
  d.set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, kAlignment);
  d.set(CUDNN_ATTR_TENSOR_DIMENSIONS, std::span<const std::int64_t>(tensor.sizes));
  d.set(CUDNN_ATTR_TENSOR_STRIDES, std::span<const std::int64_t>(tensor.strides));
  d.set(CUDNN_ATTR_TENSOR_IS_VIRTUAL, tensor.place == Place::internal);
  d.set(CUDNN_ATTR_TENSOR_IS_BY_VALUE, tensor.place == Place::constant);
  d.finalize();
  return d;
}

// An operation and what it refers to.
struct Node {
  Descriptor parameters;
  Descriptor operation;
};

Node matrix_product(const Library& library, const Operation& o, std::span<const Descriptor> t) {
  Descriptor p(library, CUDNN_BACKEND_MATMUL_DESCRIPTOR, "product of matrices");
  p.set(CUDNN_ATTR_MATMUL_COMP_TYPE, CUDNN_DATA_FLOAT);
  p.finalize();
  Descriptor d(library, CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR, "product's operation");
  d.set(CUDNN_ATTR_OPERATION_MATMUL_DESC, p);
  d.set(CUDNN_ATTR_OPERATION_MATMUL_ADESC, t[o.inputs[0]]);
  d.set(CUDNN_ATTR_OPERATION_MATMUL_BDESC, t[o.inputs[1]]);
  d.set(CUDNN_ATTR_OPERATION_MATMUL_CDESC, t[o.output]);
  d.finalize();
  return {std::move(p), std::move(d)};
}

Node reduction(const Library& library, const Operation& o, std::span<const Descriptor> t) {
  Descriptor p(library, CUDNN_BACKEND_REDUCTION_DESCRIPTOR, "reduction");
  p.set(CUDNN_ATTR_REDUCTION_COMP_TYPE, CUDNN_DATA_FLOAT);
  p.set(CUDNN_ATTR_REDUCTION_OPERATOR,
        o.op == Op::row_max ? CUDNN_REDUCE_TENSOR_MAX : CUDNN_REDUCE_TENSOR_ADD);
  p.finalize();
  Descriptor d(library, CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR, "reduction's operation");
  d.set(CUDNN_ATTR_OPERATION_REDUCTION_DESC, p);
  d.set(CUDNN_ATTR_OPERATION_REDUCTION_XDESC, t[o.inputs[0]]);
  d.set(CUDNN_ATTR_OPERATION_REDUCTION_YDESC, t[o.output]);
  d.finalize();
  return {std::move(p), std::move(d)};
}

Node pointwise(const Library& library, const Operation& o, std::span<const Descriptor> t,
               Element result) {
  Descriptor p(library, CUDNN_BACKEND_POINTWISE_DESCRIPTOR, "pointwise function");
  p.set(CUDNN_ATTR_POINTWISE_MODE, pointwise_mode(o.op));
  const bool exact = result == Element::i32 || result == Element::boolean;
  p.set(CUDNN_ATTR_POINTWISE_MATH_PREC, exact ? data_type(result) : CUDNN_DATA_FLOAT);
  if (o.op == Op::row_index || o.op == Op::column_index) {
    p.set(CUDNN_ATTR_POINTWISE_AXIS, std::int64_t{o.op == Op::row_index ? 2 : 3});
  }
  p.finalize();
  Descriptor d(library, CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR, "pointwise operation");
  d.set(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, p);
  d.set(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, t[o.inputs[0]]);
  if (o.inputs.size() > 1) d.set(CUDNN_ATTR_OPERATION_POINTWISE_BDESC, t[o.inputs[1]]);
  if (o.inputs.size() > 2) d.set(CUDNN_ATTR_OPERATION_POINTWISE_TDESC, t[o.inputs[2]]);
  d.set(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, t[o.output]);
  d.finalize();
  return {std::move(p), std::move(d)};
}

Node describe(const Library& library, const Graph& graph, const Operation& o,
              std::span<const Descriptor> tensors) {
  switch (o.op) {
    case Op::matrix_product:
      return matrix_product(library, o, tensors);
    case Op::row_max:
    case Op::row_sum:
      return reduction(library, o, tensors);
    default:
      return pointwise(library, o, tensors, graph.tensors[o.output].element);
  }
}

// With everything that it refers to, which must live as long as the plan is built from it.
struct OperationGraph {
  std::vector<Descriptor> tensors;
  std::vector<Descriptor> parameters;
  std::vector<Descriptor> operations;
  Descriptor descriptor;
};

OperationGraph describe(const Library& library, const Target& target, const Graph& graph) {
  OperationGraph g{
      .tensors = {},
      .parameters = {},
      .operations = {},
      .descriptor = {library, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR, "operation graph"}};
  for (std::size_t i = 0; i < graph.tensors.size(); ++i) {
    g.tensors.push_back(describe(library, graph.tensors[i], uid(i)));
  }
  for (const Operation& o : graph.operations) {
    Node node = describe(library, graph, o, g.tensors);
    g.parameters.push_back(std::move(node.parameters));
    g.operations.push_back(std::move(node.operation));
  }
  g.descriptor.set_descriptors(CUDNN_ATTR_OPERATIONGRAPH_OPS, g.operations);
  if (target.handle != nullptr) {
    g.descriptor.set(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, target.handle);
  }
  g.descriptor.finalize();
  return g;
}

std::vector<Descriptor> engine_configurations(const Library& library, const Target& target,
                                              const Descriptor& graph,
                                              cudnnBackendHeurMode_t mode) {
  Descriptor heuristics(library, CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR, "engine heuristics");
  heuristics.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph);
  heuristics.set(CUDNN_ATTR_ENGINEHEUR_MODE, mode);
  if (target.properties != nullptr) {
    heuristics.set(CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, *target.properties);
  }
  heuristics.finalize();
  return heuristics.get_descriptors(CUDNN_ATTR_ENGINEHEUR_RESULTS,
                                    CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, "engine configuration");
}

Descriptor build(const Library& library, const Target& target, const Descriptor& configuration) {
  Descriptor plan(library, CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR, "execution plan");
  plan.set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, configuration);
  if (target.handle != nullptr) plan.set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, target.handle);
  if (target.properties != nullptr) {
    plan.set(CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, *target.properties);
  }
  plan.finalize();
  return plan;
}

std::int64_t engine_of(const Descriptor& configuration) {
  const auto engines = configuration.get_descriptors(CUDNN_ATTR_ENGINECFG_ENGINE,
                                                     CUDNN_BACKEND_ENGINE_DESCRIPTOR, "engine");
  return engines.at(0).get<std::int64_t>(CUDNN_ATTR_ENGINE_GLOBAL_INDEX);
}

}  // namespace

Plan::Plan(const Library& library, const Target& target, Graph graph)
    : library_(library), graph_(std::move(graph)) {
  const OperationGraph operations = describe(library, target, graph_);
  std::string reason = "its heuristics name no engine";
  for (const auto mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK}) {
    try {
      for (const Descriptor& configuration :
           engine_configurations(library, target, operations.descriptor, mode)) {
        try {
          plan_.emplace(build(library, target, configuration));
          engine_ = engine_of(configuration);
          workspace_bytes_ = plan_->get<std::int64_t>(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE);
          return;
        } catch (const std::runtime_error& e) {
          reason = e.what();
        }
      }
    } catch (const std::runtime_error& e) {
      reason = e.what();
    }
  }
  throw std::runtime_error(
      fmt::format("cuDNN {} has no engine for this graph: {}", library.version_text(), reason));
}

std::string Plan::kernel() const {
  std::string names;
  try {
    const std::string json = plan_->get_text(CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION);
    static constexpr std::string_view kKey = "\"kernelName\":\"";
    for (auto at = json.find(kKey); at != std::string::npos; at = json.find(kKey, at)) {
      at += kKey.size();
      if (!names.empty()) names += " + ";
      names += json.substr(at, json.find('"', at) - at);
    }
  } catch (const std::runtime_error&) {
    // An engine whose plans cannot be written.
  }
  return names.empty() ? fmt::format("engine {}", engine_) : names;
}

Descriptor Plan::pack(std::span<void* const> arguments, void* workspace) const {
  std::vector<std::int64_t> ids;
  std::vector<void*> addresses;
  std::size_t argument = 0;
  for (std::size_t i = 0; i < graph_.tensors.size(); ++i) {
    const Tensor& t = graph_.tensors[i];
    if (t.place == Place::internal) continue;
    ids.push_back(uid(i));
    if (t.place == Place::argument) {
      addresses.push_back(arguments[argument++]);
    } else {
      // The library only reads constants.
      addresses.push_back(std::visit(
          [](const auto& v) { return const_cast<void*>(static_cast<const void*>(&v)); }, t.value));
    }
  }
  Descriptor pack(library_, CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR, "variant pack");
  pack.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, std::span<const std::int64_t>(ids));
  pack.set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, std::span<void* const>(addresses));
  pack.set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, workspace);
  pack.finalize();
  return pack;
}

void Plan::execute(cudnnHandle_t handle, const Descriptor& pack) const {
  library_.check(library_.execute(handle, plan_->get(), pack.get()), "cudnnBackendExecute");
}

Descriptor device_properties(const Library& library, const std::string& json) {
  Descriptor d(library, CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR, "device properties");
  d.set(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, std::span<const char>(json));
  d.finalize();
  return d;
}

}  // namespace moat::cudnn
