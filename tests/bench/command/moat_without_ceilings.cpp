// SPDX-License-Identifier: Apache-2.0
// The command as it is, but for the ceilings of the devices, which take seconds in every run: for
// tests that run it often and ask nothing of them.
#include "bench/command.hpp"

namespace {

moat::RunWorld without_ceilings() {
  moat::RunWorld world = moat::this_world();
  world.ceilings = [](moat::Device&, moat::Clock&, std::size_t, const moat::CeilingNeeds&) {
    moat::Ceilings none;
    none.missing = {"not measured in this test"};
    return none;
  };
  return world;
}

}  // namespace

int main(int argc, char** argv) { return moat::command(argc, argv, without_ceilings); }
