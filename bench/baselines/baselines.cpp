#include "bench/baselines/baselines.hpp"

#include "bench/baselines/onednn.hpp"
#include "bench/baselines/openblas.hpp"
#include "bench/baselines/plain.hpp"

namespace moat {

Baselines open_baselines(const std::string& backend, int threads) {
  Baselines baselines;
  if (backend != "cpu") return baselines;
  open_onednn(threads, baselines);
  open_openblas(threads, baselines);
  baselines.found.push_back(make_plain(threads));
  return baselines;
}

}  // namespace moat
