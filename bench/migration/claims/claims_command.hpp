// SPDX-License-Identifier: Apache-2.0
// `moat port claims`: claims about ports, held against measured ports.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "bench/record/strict_json.hpp"

namespace moat {

// Exit codes: 0 every claim was judged (whatever the verdict), 2 bad usage or a malformed file,
// 4 output could not be written.
//
// `moat port check`, its former name, says so and ends with 2: `moat port --check` is another
// thing.
void add_claims_commands(CLI::App& port, int& exit_code);

// One verdict per claim: "supported" if the whole 95 % interval of the statistic fulfils the claim,
// "refuted" if none of it does, else "not testable" with the reason. `evidence` are documents of
// `moat port corpus --json`. Throws std::invalid_argument for a claim that lacks a member.
Json check_claims(const Json& claims, const std::vector<Json>& evidence);

}  // namespace moat
