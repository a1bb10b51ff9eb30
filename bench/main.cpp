// SPDX-License-Identifier: Apache-2.0
#include "bench/command.hpp"

int main(int argc, char** argv) { return moat::command(argc, argv); }
