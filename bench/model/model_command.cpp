// SPDX-License-Identifier: Apache-2.0
#include "bench/model/model_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "backends/cpu/control_group.hpp"
#include "bench/cases/case.hpp"
#include "bench/compare/record_set.hpp"
#include "bench/model/plan.hpp"
#include "bench/model/price.hpp"
#include "bench/model/sum.hpp"
#include "bench/model/text.hpp"
#include "bench/model/times.hpp"
#include "bench/record/file.hpp"
#include "bench/record/provenance.hpp"
#include "bench/record/say.hpp"
#include "bench/run/cpu_option.hpp"
#include "bench/run/device_record.hpp"
#include "bench/run/devices.hpp"
#include "bench/run/number_check.hpp"
#include "bench/run/options.hpp"
#include "bench/run/placement.hpp"
#include "bench/run/problem_options.hpp"
#include "bench/run/run.hpp"
#include "bench/run/threads.hpp"
#include "bench/run/usage_error.hpp"
#include "bench/text/choice.hpp"
#include "bench/text/exit_codes.hpp"
#include "bench/text/terminal.hpp"

namespace moat {
namespace {

constexpr int kMostBatch = 1 << 12;
constexpr int kMostPrompt = 1 << 16;

constexpr const char* kFooter =
    "MODEL is a suite of a model (moat list), the id of a built-in configuration, or a "
    "config.json\n"
    "as Hugging Face has it. Its kernels are measured one by one, as moat run does it, so that a\n"
    "model larger than the memory can be put together, too. The sum of how often x median is what\n"
    "a step takes at least: all that is between the kernels is left out. One kernel without a\n"
    "verified time, and there is no sum (bench/model/README.md).\n"
    "\n"
    "examples:\n"
    "  moat model llama3-8b --batch 1 --context 8k\n"
    "  moat model config.json --tp 2 --quant int4     your model, on one of 2 devices\n"
    "  moat model llama3-8b --from results/a.json     with what a record has; measures the rest\n"
    "  moat model llama3-8b --price 2.40USD/h --price-source https://example.com/prices\n"
    "\n"
    "exit codes:\n"
    "  0    every kernel of the steps was verified and timed\n"
    "  1    a case failed its verification or is suspect\n"
    "  2    bad option or value; nothing was measured\n"
    "  3    --no-measuring: a case is in none of the records\n"
    "  4    a file could not be written\n"
    "  5    a device, or a case on it, could not run, or a record cannot be read\n"
    "  6    the machine was too busy: cases are right, but have no number (disturbed)\n"
    "  130  interrupted; the record holds what was verified, and --resume goes on\n";

struct Options {
  ModelQuery query;
  PriceOptions price;
  std::vector<std::filesystem::path> from;
  bool measuring = true;
  bool json = false;
  RunOptions run;
};

// Whole numbers, with k for 1024 times as much.
CLI::Validator count(int least, int most) {
  return {[=](std::string& text) {
            std::string number = text;
            if (number.ends_with('K')) number.back() = 'k';
            const auto value = number_with_k(number);
            if (!value || *value < least || *value > most) {
              return fmt::format("\"{}\" {}, k for 1024", text, number_wanted(least, most));
            }
            text = std::to_string(*value);
            return std::string();
          },
          fmt::format("from {} to {}", least, most)};
}

std::string document_of(const Record& record) {
  return dump_strict(parse_strict(to_text(record)).at("model"));
}

class Model {
 public:
  Model(const Options& options, const RunWorld& world)
      : options_(options),
        world_(world),
        plan_(plan_model(options.query)),
        price_(price_of(options.price)) {
    if (price_ && price_->per_hour && !price_->source) {
      say("moat model: warning: --price: no source given; --price-source TEXT tells where it is "
          "from\n");
    }
    if (!options.from.empty()) others_ = read_records(options.from);
  }

  int execute() {
    if (!others_.empty() && (!options_.measuring || all_there())) return from_records();
    if (!options_.measuring) throw UsageError("--no-measuring needs --from RECORD");
    RunOptions run_options = options_.run;
    run_options.baselines = false;
    run_options.problems.problems =
        others_.empty() ? problems_of(plan_) : without_time(problems_of(plan_), here(), others_);
    if (run_options.problems.problems.empty()) run_options.problems.problems = problems_of(plan_);
    run_options.conclude = [this](Record& record) {
      record.model = put_together(plan_, price_, record, others_);
      return text_of(record);
    };
    return run(run_options, world_);
  }

 private:
  // Whether the first record's devices have all cases, so that nothing is to be measured.
  bool all_there() const {
    return options_.run.devices.empty() && options_.run.backends.empty() &&
           options_.run.threads == 0 &&
           without_time(problems_of(plan_), others_.front().record, others_).empty();
  }

  // The devices of this machine, as a run records them.
  Record here() const {
    Record record;
    record.host = this_host();
    record.run.threads = claim_threads(options_.run.threads);
    record.run.cpu_quota = cpu::group_limits().processors;
    const Devices devices = open_devices(options_.run.backends, options_.run.devices, world_);
    for (const auto& device : devices.all) {
      record.devices.push_back(device_record(device->info(), {}));
    }
    return record;
  }

  std::string text_of(const Record& record) const {
    return options_.json ? document_of(record)
                         : model_text(record, world_.out == &std::cout && color_wanted());
  }

  int from_records() {
    Record record = others_.front().record;
    record.minor = std::max(record.minor, kRecordMinor);
    record.model = put_together(plan_, price_, record, others_);
    const std::string text = text_of(record);
    if (options_.run.out) {
      require_no_input(*options_.run.out, options_.from);
      write_file(*options_.run.out, to_text(record));
    }
    if (!options_.run.out || !is_standard_output(*options_.run.out)) *world_.out << text;
    const bool all = std::ranges::all_of(record.model->devices, [](const ModelDeviceRecord& d) {
      return std::ranges::all_of(
          d.steps, [](const ModelStepRecord& s) { return s.seconds_at_least.value.has_value(); });
    });
    return all ? kExitOk : kExitNothing;
  }

  const Options& options_;
  const RunWorld& world_;
  ModelPlan plan_;
  std::optional<ModelPriceRecord> price_;
  std::vector<NamedRecord> others_;
};

void add_query(CLI::App& command, Options& o) {
  const std::string group = "Which model, and how it is used";
  command.add_option("MODEL", o.query.model, "a model's suite, or its config.json or folder")
      ->required();
  command.add_option("--batch", o.query.batch, "sequences that decode together")
      ->transform(count(1, kMostBatch))
      ->capture_default_str()
      ->group(group);
  command.add_option("--context", o.query.context, "keys that each of them meets, as in 8k")
      ->transform(count(1, kMostKeys))
      ->capture_default_str()
      ->group(group);
  command.add_option("--prefill", o.query.prefill, "tokens of a prompt; 0: none is measured")
      ->transform(count(0, kMostPrompt))
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--tp", o.query.tp,
                  "devices that share the model: kernels are those of one of them")
      ->check(number_check(1, kMostDevices))
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--quant", o.query.weights,
                  "what weights are stored in: bf16, fp8, int8, int4 or mxfp4 (default: what the\n"
                  "configuration says)")
      ->transform(choice(weight_formats()))
      ->type_name("FORMAT")
      ->group(group);
}

void add_money(CLI::App& command, PriceOptions& price) {
  const std::string group = "Money and energy, of one device, as you give them";
  command.add_option("--price", price.price, "of an hour, as in 2.40USD/h")
      ->type_name("PRICE")
      ->group(group);
  command
      .add_option("--price-source", price.source,
                  "where that is from, a text or a URL: it is printed and recorded beside it")
      ->type_name("TEXT")
      ->group(group);
  command
      .add_option("--power-price", price.power_price,
                  "of power, as in 0.30USD/kWh, which is added; with --watts")
      ->type_name("PRICE")
      ->group(group);
  command.add_option("--watts", price.watts, "what the device draws: nothing here measures it")
      ->check(number_check(0.001, 1e6))
      ->group(group);
}

void add_measuring(CLI::App& command, Options& o) {
  const std::string how = "How to measure";
  command
      .add_option("--from", o.from,
                  "records to take cases from, of the same device and number of threads; what\n"
                  "they lack is measured")
      ->type_name("RECORD")
      ->group(how);
  command
      .add_flag_callback(
          "--no-measuring", [&o] { o.measuring = false; }, "take what --from has, and no more")
      ->group(how);
  command.add_option("--backend", o.run.backends, "only these backends, as moat list names them")
      ->group(how);
  command.add_option("--device", o.run.devices, "only these devices: cpu:0, or BACKEND:INDEX")
      ->group(how);
  command.add_option("--threads", o.run.threads, "threads on the CPU (default: all cores)")
      ->check(number_check(1, kMostThreads))
      ->group(how);
  add_cpu_option(command, how);
  command.add_option("--budget", o.run.budget_seconds, "seconds per case")
      ->check(number_check(0.001, 86400.0))
      ->group(how);
  command.add_option("--samples", o.run.samples, "at most so many samples per case")
      ->check(number_check(1, 1000000))
      ->group(how);
}

void add_output(CLI::App& command, Options& o) {
  const std::string output = "Output";
  command
      .add_option("--out", o.run.out,
                  "folder, or file that ends in .json, for the record (default:\n"
                  "results/<device>/<UTC time>-<commit>.json; none where nothing is measured)")
      ->type_name("PATH")
      ->group(output);
  command
      .add_flag("--resume", o.run.resume,
                "continues the record --out FILE.json of the same command (moat run --help)")
      ->group(output);
  command
      .add_flag("--progress", o.run.progress,
                "a line for every case on standard error, also where that is no terminal")
      ->group(output);
  command
      .add_flag("--json", o.json, "print the record's section about the model (results/README.md)")
      ->group(output);
}

}  // namespace

void add_model_command(CLI::App& app, const std::vector<std::string>& arguments, int& exit_code,
                       RunWorld (*world)()) {
  auto options = std::make_shared<Options>();
  options->run.arguments = arguments;
  CLI::App* command = app.add_subcommand(
      "model", "a whole model's rates, memory and cost, from its kernels' times");
  command->footer(kFooter);
  add_query(*command, *options);
  add_money(*command, options->price);
  add_measuring(*command, *options);
  add_output(*command, *options);
  command->callback([options, &exit_code, world] {
    if (on_the_cpu(options->run) && options->measuring) {
      start_again_placed(options->run.threads, options->run.arguments);
    }
    const RunWorld here = world();
    try {
      exit_code = Model(*options, here).execute();
    } catch (const CaseError& e) {
      throw UsageError(e.what());
    }
  });
}

}  // namespace moat
