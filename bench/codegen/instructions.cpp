// SPDX-License-Identifier: Apache-2.0
#include "bench/codegen/instructions.hpp"

#include <utility>

namespace moat::codegen {
namespace {

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// Whether the last of the opcode's suffixes and its vector width make 16 bytes.
bool sixteen_bytes(std::string_view opcode) {
  const std::string_view type = opcode.substr(opcode.rfind('.') + 1);
  if (contains(opcode, ".v8")) return type.ends_with("16") || type.ends_with("32");
  if (contains(opcode, ".v4")) return type.ends_with("32") || type.ends_with("64");
  if (contains(opcode, ".v2")) return type.ends_with("64");
  return type.ends_with("128");
}

}  // namespace

void count_ptx(std::string_view opcode, std::string_view operands, Instructions& counts) {
  if (opcode.starts_with("mma.") || opcode.starts_with("wgmma.mma_async") ||
      opcode.starts_with("tcgen05.mma")) {
    ++counts.matrix[std::string(opcode)];
  } else if (opcode.starts_with("ld.global") || opcode.starts_with("ld.relaxed") ||
             opcode.starts_with("ld.volatile.global") || opcode.starts_with("ld.acquire")) {
    ++counts.global_loads;
    if (sixteen_bytes(opcode)) ++counts.global_loads_wide;
  } else if (opcode.starts_with("cp.async.bulk")) {
    if (!contains(opcode, ".global") || contains(opcode, ".commit") || contains(opcode, ".wait")) {
      return;
    }
    // The destination comes first: cp.async.bulk.tensor.2d.shared::cluster.global is a load.
    const bool load = opcode.find(".shared") < opcode.find(".global");
    ++(load ? counts.global_loads : counts.global_stores);
    ++(load ? counts.global_loads_wide : counts.global_stores_wide);
    if (load) ++counts.box_copies;
  } else if (opcode.starts_with("cp.async.ca.") || opcode.starts_with("cp.async.cg.")) {
    ++counts.global_loads;
    if (!contains(operands, ", 16")) return;
    ++counts.global_loads_wide;
    ++counts.async_copies;
  } else if (opcode.starts_with("st.global") || opcode.starts_with("st.volatile.global")) {
    ++counts.global_stores;
    if (sixteen_bytes(opcode)) ++counts.global_stores_wide;
  } else if (opcode.starts_with("ld.shared")) {
    ++counts.shared_loads;
    if (sixteen_bytes(opcode)) ++counts.shared_loads_wide;
  } else if (opcode.starts_with("ldmatrix")) {
    ++counts.shared_loads;
    if (contains(opcode, ".x4")) ++counts.shared_loads_wide;
  }
}

void count_amd(std::string_view opcode, std::string_view operands, int& under_way,
               Instructions& counts) {
  const bool wide = contains(opcode, "_dwordx4") || contains(opcode, "_b128") ||
                    contains(opcode, "read2_b64") || contains(opcode, "2addr_b64") ||
                    contains(opcode, "read2st64_b64");
  const auto any = [&](auto... prefixes) { return (opcode.starts_with(prefixes) || ...); };
  if (any("v_mfma_", "v_smfmac_", "v_wmma_", "v_swmmac_")) {
    ++counts.matrix[std::string(opcode)];
    counts.loads_ahead += std::exchange(under_way, 0);
  } else if (any("s_wait_loadcnt") || (any("s_waitcnt") && contains(operands, "vmcnt"))) {
    under_way = 0;
  } else if (any("global_load_", "buffer_load_", "flat_load_")) {
    ++counts.global_loads;
    if (wide) ++counts.global_loads_wide;
    if (wide && any("buffer_load_")) {
      ++counts.ranged_loads;
      ++under_way;
    }
  } else if (any("global_store_", "buffer_store_", "flat_store_")) {
    ++counts.global_stores;
    if (wide) ++counts.global_stores_wide;
  } else if (any("ds_read", "ds_load")) {
    ++counts.shared_loads;
    if (wide) ++counts.shared_loads_wide;
  }
}

}  // namespace moat::codegen
