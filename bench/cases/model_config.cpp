// SPDX-License-Identifier: Apache-2.0
#include "bench/cases/model_config.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <utility>

#include "bench/cases/case.hpp"
#include "bench/cases/model_fields.hpp"
#include "problems/scales.hpp"
#include "problems/tensor.hpp"

namespace moat {
namespace {

// Where models of several modalities have the fields of the one that writes text.
constexpr std::array kText{"text_config", "llm_config", "language_config", "thinker_config"};

// Parts of names that only configurations of layers other than attention have.
constexpr std::array kOtherLayers{"mamba",       "ssm",         "rwkv",
                                  "wkv",         "time_step",   "linear_num",
                                  "linear_attn", "linear_key",  "linear_v",
                                  "linear_conv", "conv_kernel", "conv_l_cache",
                                  "hybrid",      "attn_layer_", "block_type",
                                  "recurrent",   "lightning",   "full_attention_interval"};

// Enough of a value to recognise it in a message.
std::string excerpt(const Json& x) {
  constexpr std::size_t kLength = 40;
  std::string text = x.dump(-1, ' ', true, Json::error_handler_t::replace);
  return text.size() <= kLength ? text : text.substr(0, kLength) + "…";
}

class ConfigReader {
 public:
  ConfigReader(const Json& document, const std::string& name) : root_(document), text_(&document) {
    result_.id = name;
  }

  Configuration read() && {
    if (!root_.is_object())
      throw CaseError(
          fmt::format("{}: a config.json is a JSON object, not {}", result_.id, excerpt(root_)));
    for (bool deeper = true; deeper;) {
      deeper = false;
      for (const char* name : kText) {
        const auto child = text_->find(name);
        if (child == text_->end() || !child->is_object()) continue;
        leave_out_modalities();
        text_ = &*child;
        result_.id += fmt::format(": {}", name);
        deeper = true;
        break;
      }
    }
    result_.model_type = word("model_type");
    result_.activation = word(member("hidden_act") != nullptr ? "hidden_act" : "hidden_activation");
    result_.scoring = word("scoring_func");
    for (const ModelField& field : model_fields()) read_number(field);
    read_rope();
    read_layers();
    read_quantisation();
    return std::move(result_);
  }

 private:
  [[noreturn]] void fail(std::string_view field, const std::string& what) const {
    throw CaseError(fmt::format("{}: {}: {}", result_.id, field, what));
  }

  // What null stands for is absent.
  const Json* member(const std::string& name) const {
    const auto at = text_->find(name);
    return at == text_->end() || at->is_null() ? nullptr : &*at;
  }

  std::string word(const std::string& name) const {
    const Json* x = member(name);
    if (x == nullptr) return "";
    if (!x->is_string()) fail(name, fmt::format("{} is no string", excerpt(*x)));
    return x->get<std::string>();
  }

  void read_number(const ModelField& field, const Json& x) {
    const bool flag = field.whole && field.least == 0 && field.most == 1;
    if (flag && x.is_boolean()) {
      result_.fields.emplace_back(field.name, x.get<bool>() ? 1 : 0);
      return;
    }
    const double value = x.is_number() ? x.get<double>() : -1;
    const bool whole = !field.whole || x.is_number_integer();
    if (flag || !x.is_number() || !whole || !(value >= field.least && value <= field.most)) {
      fail(field.name, flag ? fmt::format("{} is neither true nor false", excerpt(x))
                            : fmt::format("{} is not a {} from {} to {} ({})", excerpt(x),
                                          field.whole ? "whole number" : "number", field.least,
                                          field.most, field.meaning));
    }
    result_.fields.emplace_back(field.name, value);
  }

  void read_number(const ModelField& field) {
    const std::string name(field.name);
    const Json* x = member(name);
    // The vocabulary of all modalities may stand outside.
    if (x == nullptr && text_ != &root_ && name == "vocab_size" && root_.contains(name)) {
      x = &root_.at(name);
    }
    if (x != nullptr) read_number(field, *x);
  }

  void read_rope() {
    const Json* rope = member("rope_parameters");
    const std::string name = "partial_rotary_factor";
    if (rope == nullptr || !rope->is_object() || !rope->contains(name) || result_.has(name)) return;
    read_number(*find_model_field(name), rope->at(name));
  }

  void read_layers() {
    if (const Json* layers = member("mlp_only_layers"); layers != nullptr && layers->is_array()) {
      result_.mlp_only_layers = static_cast<int>(layers->size());
    }
    if (const Json* layers = member("mlp_layer_types"); layers != nullptr && layers->is_array()) {
      result_.mlp_only_layers = static_cast<int>(std::ranges::count(*layers, Json("dense")));
    }
    std::set<std::string> kinds;
    if (const Json* types = member("layer_types"); types != nullptr && types->is_array()) {
      for (const Json& type : *types) kinds.insert(type.is_string() ? type.get<std::string>() : "");
    }
    std::vector<std::string> others;
    for (const auto& [name, value] : text_->items()) {
      std::string lower = name;
      std::ranges::transform(lower, lower.begin(), [](unsigned char c) {
        return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
      });
      const bool other = std::ranges::any_of(
          kOtherLayers, [&](std::string_view part) { return lower.find(part) != lower.npos; });
      if (other && !value.is_null() && value != false && value != 0) others.push_back(name);
    }
    // One number for each layer.
    for (const auto& [name, value] : text_->items()) {
      if (!value.is_array() || !result_.has("num_hidden_layers")) continue;
      const bool of_layers = static_cast<int>(value.size()) == result_.size("num_hidden_layers") &&
                             value.size() > 1 && value.front().is_number();
      if (of_layers && std::ranges::any_of(value, [&](const Json& x) { return x != value[0]; })) {
        result_.other_layers.push_back(fmt::format("layers that differ in {}", name));
      }
    }
    const std::set<std::string> attention{"full_attention", "sliding_attention",
                                          "chunked_attention"};
    for (const std::string& kind : kinds) {
      if (!attention.contains(kind)) others.push_back(fmt::format("layer_types {}", kind));
    }
    if (!others.empty()) {
      result_.other_layers.push_back(
          fmt::format("layers other than attention's (state spaces, linear attention or the like: "
                      "{}), for which there are no kernels",
                      fmt::join(others, ", ")));
    }
    if (!kinds.empty()) {
      result_.kinds_of_layers = static_cast<int>(kinds.size());
      const Json& types = *member("layer_types");
      result_.windowed_layers =
          static_cast<int>(std::ranges::count(types, Json("sliding_attention")));
      if (!kinds.contains("sliding_attention")) {
        std::erase_if(result_.fields, [](const auto& f) { return f.first == "sliding_window"; });
      }
    }
  }

  void leave_out_modalities() {
    for (const auto& [name, value] : text_->items()) {
      for (const std::string_view part : {"vision", "visual", "audio", "talker", "token2wav"}) {
        if (!value.is_object() || name.find(part) == name.npos) continue;
        result_.other_layers.push_back(fmt::format("the layers of {}", name));
        break;
      }
    }
  }

  void read_quantisation() {
    const std::string name = "quantization_config";
    const Json* x = member(name);
    if (x == nullptr && root_.contains(name) && !root_.at(name).is_null()) x = &root_.at(name);
    if (x == nullptr) return;
    if (!x->is_object()) fail(name, fmt::format("{} is no object", excerpt(*x)));
    const auto text = [&](const Json& object, const char* key) {
      const auto at = object.find(key);
      return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
    };
    const auto number = [&](const Json& object, const char* key) {
      const auto at = object.find(key);
      return at != object.end() && at->is_number_unsigned() ? at->get<std::uint64_t>() : 0;
    };
    const std::string method = text(*x, "quant_method");
    std::uint64_t bits = number(*x, "bits");
    std::uint64_t group = number(*x, "group_size");
    std::string type = "int";
    Json blocks;
    // The first group stands for all.
    if (const auto groups = x->find("config_groups");
        groups != x->end() && groups->is_object() && !groups->empty() &&
        groups->begin().value().is_object() && groups->begin().value().contains("weights")) {
      const Json& weights = groups->begin().value().at("weights");
      if (weights.is_object()) {
        bits = number(weights, "num_bits");
        group = number(weights, "group_size");
        type = text(weights, "type");
        blocks = weights.value("block_structure", Json());
      }
    }
    if (method == "fp8" || (type == "float" && bits == 8)) {
      result_.quantisation = "fp8";
      const auto block = x->find("weight_block_size");
      if (block != x->end()) blocks = *block;
      if (blocks != Json::array({kPerScale, kPerScale})) {
        result_.other_layers.push_back(fmt::format(
            "the weights' own scales: products in fp8 have one for each {0} × {0} of them",
            kPerScale));
      }
      return;
    }
    const std::size_t own = bits == 4 ? kGroup<int4> : kGroup<int8>;
    if (type == "int" && (bits == 4 || bits == 8)) {
      result_.quantisation = bits == 4 ? "int4" : "int8";
      if (group != own) {
        result_.other_layers.push_back(
            fmt::format("the weights' own scales: products in {} have one for each {} of them",
                        result_.quantisation, own));
      }
      return;
    }
    result_.quantisation = method.empty() ? "a format that is not told" : method;
  }

  const Json& root_;
  const Json* text_;
  Configuration result_;
};

std::string used(const ModelUse& use, int tp) {
  std::string text = fmt::format("{} tokens", fmt::join(use.tokens, ", "));
  if (!use.decode.empty()) {
    text += fmt::format(", of which {} decode over {} keys", fmt::join(use.decode, ", "),
                        fmt::join(use.contexts, ", "));
  }
  if (tp > 1) text += fmt::format(", on one of {} devices", tp);
  return text;
}

// What is to be done about a file that cannot be read: "OWNER/NAME" is a model's name on the hub.
std::string hint_of(const std::filesystem::path& file) {
  if (std::filesystem::exists(file)) return "; a model's config.json was expected";
  const std::string name = file.string();
  const bool is_name = std::ranges::count(name, '/') == 1 && !name.starts_with('/') &&
                       !name.starts_with('.') && !name.ends_with(".json") && !name.ends_with('/');
  return is_name ? fmt::format(
                       "; for a model of that name on the hub, fetch "
                       "https://huggingface.co/{}/resolve/main/config.json",
                       name)
                 : "";
}

}  // namespace

Configuration configuration_of(const Json& document, const std::string& name) {
  return ConfigReader(document, name).read();
}

Configuration read_configuration(std::filesystem::path file) {
  if (std::filesystem::is_directory(file)) file /= "config.json";
  Json document;
  try {
    document = read_json_file(file);
  } catch (const std::runtime_error& e) {
    throw CaseError(e.what() + hint_of(file));
  }
  return configuration_of(document, file.string());
}

ModelSuite suite_of_model(std::filesystem::path file, const ModelUse& use, int tp,
                          std::optional<WeightFormat> weights) {
  if (std::filesystem::is_directory(file)) file /= "config.json";
  const Configuration c = read_configuration(file);
  const ModelShape shape = shape_of(c, tp, weights);
  ModelSuite made;
  made.suite.name = made.suite.source = file.string();
  made.left_out = shape.left_out;
  try {
    made.suite.cases = model_cases(shape, use, made.left_out);
  } catch (const CaseError& e) {
    throw CaseError(fmt::format("{}: {}", c.id, e.what()));
  }
  made.suite.description =
      fmt::format("one layer of each kind and the output head: {}{}{}", used(use, tp),
                  made.left_out.empty() ? "" : ". Left out: ", fmt::join(made.left_out, "; "));
  return made;
}

}  // namespace moat
