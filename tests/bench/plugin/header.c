/* SPDX-License-Identifier: Apache-2.0 */
/* A plug-in in C99, with nothing but the header: whoever has that can build one. */
#include "moat/plugin.h"

static int solve(const MoatDevice* device, const MoatProblem* problem, void* state) {
  const MoatReduction* p = problem->as.reduction;
  const float* x = (const float*)p->x;
  float most = x[0];
  (void)device;
  (void)state;
  for (int64_t i = 0; i < p->n; ++i) {
    if (!(x[i] <= most)) most = x[i];
  }
  *(float*)p->result = most;
  return 0;
}

static const MoatSolves kMax = {sizeof(MoatSolves), "max", "f32", 0};
static const MoatSolves* const kSolves[] = {&kMax, 0};

const MoatPlugin* moat_plugin(uint32_t major, uint32_t minor) {
  static MoatPlugin plugin;
  (void)minor;
  if (major != MOAT_PLUGIN_MAJOR) return 0;
  plugin.size = sizeof plugin;
  plugin.major = MOAT_PLUGIN_MAJOR;
  plugin.minor = MOAT_PLUGIN_MINOR;
  plugin.name = "plain-c";
  plugin.version = "1";
  plugin.backend = "cpu";
  plugin.solves = kSolves;
  plugin.solve = solve;
  return &plugin;
}
