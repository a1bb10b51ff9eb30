// SPDX-License-Identifier: Apache-2.0
// The record in the JSON that Google Benchmark's tools read.
#pragma once

#include "bench/record/record.hpp"

namespace moat {

// One "iteration" entry per verified case and repetition (real_time: its median per call), and, as
// the library does, mean, median, stddev and cv over several repetitions. A case that is not ok is
// an entry with error_occurred and without times. cpu_time, which the format demands, repeats
// real_time: one time is measured.
Json to_google_benchmark(const Record& record);

}  // namespace moat
