// SPDX-License-Identifier: Apache-2.0
// Explanations as a person reads them, in lines of 100 columns at most.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "bench/explain/explain.hpp"
#include "bench/explain/findings.hpp"

namespace moat::explain {

// Each term of each launch with its numbers, so that the arithmetic can be followed; then the
// choices that the table did not take.
std::string details(const Row& row);

// A line for each row, below the names of cases.
std::string summary(const std::vector<Row>& rows);

// Of cases with a weight, by name, a line for each device: the sum of weight · predicted time, with
// ≥ if it is the least, or why there is none. Empty if no case has a weight.
std::string sums_text(const std::vector<Row>& rows, const std::map<std::string, double>& weights);

std::string findings_text(const std::vector<Finding>& findings);

// Devices, what is known of them and from where, and what runs on them.
std::string devices_text(const std::vector<Target>& targets);

// The assumptions of the model and what it leaves out.
std::vector<std::string> assumptions();
std::string assumptions_text();

}  // namespace moat::explain
