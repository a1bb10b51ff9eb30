// SPDX-License-Identifier: Apache-2.0
// What ports are compared with.
#pragma once

namespace moat {

// Its backend. `moat compare --across` and `moat report` relate speeds to it too, where records
// have it.
inline constexpr const char* kBaseline = "cuda";

}  // namespace moat
