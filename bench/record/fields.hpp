// SPDX-License-Identifier: Apache-2.0
// The members of a record's structs under their JSON names, listed once for writing and reading.
#pragma once

#include "bench/record/record.hpp"

namespace moat {

template <class V>
void fields(V& v, Build& x) {
  v("version", x.version);
  v("commit", x.commit);
  v("dirty", x.dirty);
  v("compiler", x.compiler);
  v("flags", x.flags);
  v("build_type", x.build_type);
  v("executable", x.executable);
}

template <class V>
void fields(V& v, Host& x) {
  v("name", x.name);
  v("os", x.os);
  v("kernel", x.kernel);
  v("cpu", x.cpu);
  v("logical_cpus", x.logical_cpus);
  v("memory_bytes", x.memory_bytes);
  v("governor", x.governor);
  v("load_average", x.load_average);
}

template <class V>
void fields(V& v, SchedulingRecord& x) {
  v("waited_seconds", x.waited_seconds);
  v("involuntary_switches", x.involuntary_switches);
  v("steal_seconds", x.steal_seconds);
}

template <class V>
void fields(V& v, RunInfo& x) {
  v("started", x.started);
  v("duration_seconds", x.duration_seconds);
  v("interrupted", x.interrupted);
  v("arguments", x.arguments);
  v("seed", x.seed);
  v("threads", x.threads);
  v("processors", x.processors);
  v("cpu_quota", x.cpu_quota);
  v("repetitions", x.repetitions);
  v("planned", x.planned);
  v("session", x.session);
  v("scheduling", x.scheduling);
}

template <class V>
void fields(V& v, CeilingRecord& x) {
  v("name", x.name);
  v("rate", x.rate);
  v("relative_error", x.relative_error);
  v("samples", x.samples);
}

template <class V>
void fields(V& v, CeilingsRecord& x) {
#define MOAT_ROW(name, ...) v("flops_" #name, x.flops_##name);
  MOAT_DTYPES(MOAT_ROW)
#undef MOAT_ROW
  v("ops_int8", x.ops_int8);
  v("read_bytes", x.read_bytes);
  v("copy_bytes", x.copy_bytes);
  v("runs", x.runs);
}

template <class V>
void fields(V& v, DeviceRecord& x) {
  v("backend", x.backend);
  v("index", x.index);
  v("name", x.name);
  v("architecture", x.architecture);
  v("compute_units", x.compute_units);
  v("memory_bytes", x.memory_bytes);
  v("cache_bytes", x.cache_bytes);
  v("driver", x.driver);
  v("runtime", x.runtime);
  v("max_clock_mhz", x.max_clock_mhz);
  v("ecc", x.ecc);
  v("power_limit_watts", x.power_limit_watts);
  v("ceilings", x.ceilings);
}

template <class V>
void fields(V& v, LibraryRecord& x) {
  v("name", x.name);
  v("version", x.version);
  v("detail", x.detail);
  v("sha256", x.sha256);
  v("sources", x.sources);
}

template <class V>
void fields(V& v, ToldRecord& x) {
  v("problem", x.problem);
  v("command", x.command);
  v("seconds", x.seconds);
}

template <class V>
void fields(V& v, AbsentRecord& x) {
  v("name", x.name);
  v("reason", x.reason);
}

template <class V>
void fields(V& v, CheckRecord& x) {
  v("passed", x.passed);
  v("error_over_bound", x.error_over_bound);
  v("elements", x.elements);
  v("elements_checked", x.elements_checked);
  v("sampled", x.sampled);
  v("message", x.message);
}

template <class V>
void fields(V& v, DiscardedRecord& x) {
  v("seconds", x.seconds);
  v("reason", x.reason);
  v("waited_seconds", x.waited_seconds);
}

template <class V>
void fields(V& v, SeriesRecord& x) {
  v("seconds", x.seconds);
  v("rounds", x.rounds);
  v("calls_per_sample", x.calls_per_sample);
  v("stop_reason", x.stop_reason);
  v("throttled", x.throttled);
  v("discarded", x.discarded);
  v("min_clock_mhz", x.min_clock_mhz);
  v("max_clock_mhz", x.max_clock_mhz);
}

template <class V>
void fields(V& v, RatioRecord& x) {
  v("baseline", x.baseline);
  v("ratio", x.ratio);
}

template <class V>
void fields(V& v, ShareRecord& x) {
  v("bound", x.bound);
  v("share", x.share);
}

template <class V>
void fields(V& v, CaseRecord& x) {
  v("name", x.name);
  v("problem", x.problem);
  v("kernel", x.kernel);
  v("dtype", x.dtype);
  v("backend", x.backend);
  v("device", x.device);
  v("implementation", x.implementation);
  v("schedule", x.schedule);
  v("weight", x.weight);
  v("status", x.status);
  v("message", x.message);
  v("check", x.check);
  v("quantisation_loss", x.quantisation_loss);
  v("flops", x.flops);
  v("bytes", x.bytes);
  v("cache", x.cache);
  v("rotation_sets", x.rotation_sets);
  v("median_seconds", x.median_seconds);
  v("lower_quartile_seconds", x.lower_quartile_seconds);
  v("upper_quartile_seconds", x.upper_quartile_seconds);
  v("relative_error", x.relative_error);
  v("gflops", x.gflops);
  v("gbytes", x.gbytes);
  v("ceiling", x.ceiling);
  v("ratios", x.ratios);
  v("baselines_absent", x.baselines_absent);
  v("series", x.series);
}

template <class V>
void fields(V& v, ModelOperationRecord& x) {
  v("what", x.what);
  v("problem", x.problem);
  v("count", x.count);
  v("in_layers", x.in_layers);
  v("flops", x.flops);
  v("bytes", x.bytes);
  v("seconds", x.seconds);
  v("cache", x.cache);
  v("record", x.record);
}

template <class V>
void fields(V& v, ModelStepRecord& x) {
  v("step", x.step);
  v("tokens", x.tokens);
  v("keys", x.keys);
  v("flops_covered", x.flops_covered);
  v("bytes_covered", x.bytes_covered);
  v("seconds_at_least", x.seconds_at_least);
  v("tokens_per_second_at_most", x.tokens_per_second_at_most);
  v("cost_per_million_tokens_at_least", x.cost_per_million_tokens_at_least);
  v("cost_per_exaflop_at_least", x.cost_per_exaflop_at_least);
  v("joules_per_token_at_least", x.joules_per_token_at_least);
  v("operations", x.operations);
}

template <class V>
void fields(V& v, ModelMemoryRecord& x) {
  v("what", x.what);
  v("arithmetic", x.arithmetic);
  v("bytes", x.bytes);
}

template <class V>
void fields(V& v, ModelPriceRecord& x) {
  v("currency", x.currency);
  v("per_hour", x.per_hour);
  v("source", x.source);
  v("watts", x.watts);
  v("per_kilowatt_hour", x.per_kilowatt_hour);
}

template <class V>
void fields(V& v, ModelDeviceRecord& x) {
  v("backend", x.backend);
  v("device", x.device);
  v("fits", x.fits);
  v("steps", x.steps);
}

template <class V>
void fields(V& v, ModelRecord& x) {
  v("name", x.name);
  v("source", x.source);
  v("layers", x.layers);
  v("batch", x.batch);
  v("context", x.context);
  v("prefill", x.prefill);
  v("tp", x.tp);
  v("weights", x.weights);
  v("left_out", x.left_out);
  v("memory", x.memory);
  v("price", x.price);
  v("devices", x.devices);
}

template <class V>
void fields(V& v, Record& x) {
  v("run", x.run);
  v("build", x.build);
  v("host", x.host);
  v("devices", x.devices);
  v("libraries", x.libraries);
  v("skipped_backends", x.skipped_backends);
  v("absent_baselines", x.absent_baselines);
  v("cases", x.cases);
  v("told", x.told);
  v("porting", x.porting);
  v("codegen", x.codegen);
  v("model", x.model);
}

}  // namespace moat
