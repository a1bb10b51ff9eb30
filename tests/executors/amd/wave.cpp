// SPDX-License-Identifier: Apache-2.0
#include "tests/executors/amd/wave.hpp"

#include <algorithm>

namespace moat::amdgcn {

std::string in_lane(std::uint64_t lanes) {
  return " in lane " + std::to_string(std::countr_zero(lanes));
}

void PendingQueue::grow() {
  std::vector<Pending> larger(std::max<std::size_t>(16, 2 * ring_.size()));
  for (std::size_t i = 0; i < size_; ++i) larger[i] = (*this)[i];
  ring_ = std::move(larger);
  first_ = 0;
}

void Lds::reset(std::size_t size) {
  bytes.assign(size, 0xc3);
  defined.assign(size, 0);
  words.resize((size + 3) / 4);
  first_epoch = ++epoch;
}

namespace {

[[noreturn]] void race(const char* what, std::uint32_t word, std::uint8_t other,
                       const char* others) {
  throw Fault(
      std::string("LDS byte ") + std::to_string(4 * word) + ": " + what + " what " +
      (other == LdsWord::kSeveral ? "several waves " : "wave " + std::to_string(other) + " ") +
      others + ", with no barrier between");
}

}  // namespace

void Lds::touch_read(std::uint32_t address, std::uint32_t size, std::uint8_t wave) {
  for (std::uint32_t i = address / 4; i < (address + size + 3) / 4; ++i) {
    LdsWord& w = words[i];
    if (w.write_epoch == epoch && w.writer != wave) race("reads", i, w.writer, "writes");
    w.reader = w.read_epoch == epoch && w.reader != wave ? LdsWord::kSeveral : wave;
    w.read_epoch = epoch;
  }
}

void Lds::touch_write(std::uint32_t address, std::uint32_t size, std::uint8_t wave) {
  for (std::uint32_t i = address / 4; i < (address + size + 3) / 4; ++i) {
    LdsWord& w = words[i];
    if (w.write_epoch == epoch && w.writer != wave) race("writes", i, w.writer, "writes");
    if (w.read_epoch == epoch && w.reader != wave) race("writes", i, w.reader, "reads");
    w.writer = wave;
    w.write_epoch = epoch;
  }
}

const std::uint32_t* Wave::selected(const Operand& o, const std::uint32_t* values,
                                    LaneValues& temporary) {
  const bool word = o.select == Select::word0 || o.select == Select::word1;
  const int bits = word ? 16 : 8;
  const int shift = word ? (o.select == Select::word1 ? 16 : 0)
                         : 8 * (static_cast<int>(o.select) - static_cast<int>(Select::byte0));
  for (int l = 0; l < kLanes; ++l) {
    const std::uint32_t top = values[l] << (32 - bits - shift);
    temporary.lane[l] =
        o.sign_extended ? static_cast<std::uint32_t>(static_cast<std::int32_t>(top) >> (32 - bits))
                        : top >> (32 - bits);
  }
  return temporary.lane;
}

void Wave::check_pending_scalar(const Operand& o, int words) const {
  for (int i = 0; i < words; ++i) {
    const auto index = static_cast<std::size_t>(o.index + i);
    if (!s_pending[index]) continue;
    for (std::size_t q = 0; q < scalar_loads.size(); ++q) {
      const Pending& p = scalar_loads[q];
      if (index < p.first || index >= p.first + std::size_t{p.words}) continue;
      throw Fault("reads s" + std::to_string(index) + " before a wait for " +
                  context->program->text[p.line]);
    }
  }
}

void Wave::overwritten_scalar(int index) const {
  throw Fault("writes s" + std::to_string(index) + ", which a load under way will overwrite");
}

void Wave::check_arrived(int index, std::uint64_t active, const char* what) const {
  const auto at = static_cast<std::size_t>(index);
  if ((v_pending[at] & active) == 0) return;
  for (const PendingQueue* queue : {&vector_memory, &lds}) {
    for (std::size_t q = 0; q < queue->size(); ++q) {
      const Pending& p = (*queue)[q];
      if ((p.lanes & active) == 0 || at < p.first || at >= p.first + std::size_t{p.words}) continue;
      throw Fault(std::string(what) + " v" + std::to_string(index) + " before a wait for " +
                  context->program->text[p.line]);
    }
  }
}

void Wave::check_pending(const Instruction& i, int destination) const {
  const std::uint64_t active = exec();
  for (std::size_t source = 1; source < i.o.size(); ++source) {
    const Operand& o = i.o[source];
    if (o.kind != Operand::Kind::vector) continue;
    for (int word = 0; word < o.words; ++word) check_arrived(o.index + word, active, "reads");
  }
  check_arrived(destination, active, "writes");
}

void Wave::demand(const Operand& o, std::uint64_t defined, std::uint64_t active,
                  const char* what) const {
  if ((active & ~defined) == 0) return;
  if (o.kind == Operand::Kind::vector) {
    for (int word = 0; word < o.words; ++word) check_arrived(o.index + word, active, "reads");
  }
  std::string origin;
  if (o.kind == Operand::Kind::vector) {
    for (int word = 0; word < o.words && origin.empty(); ++word) {
      const auto at = static_cast<std::size_t>(o.index + word);
      if ((active & ~v_defined[at]) == 0 || v_origin[at].line == Origin::kNone) continue;
      const Origin& from = v_origin[at];
      origin = ", from LDS byte " + std::to_string(from.byte) +
               (from.written ? ", where what was stored is undefined" : ", which nothing wrote") +
               ", read in lane " + std::to_string(from.lane) + " by " +
               context->program->text[from.line];
    }
  }
  throw Fault(std::string(what) + " is undefined" + in_lane(active & ~defined) + origin);
}

Origin Wave::origin_of(const Instruction& i) const {
  const std::uint64_t active = exec();
  for (std::size_t source = 1; source < i.o.size(); ++source) {
    const Operand& o = i.o[source];
    if (o.kind != Operand::Kind::vector) continue;
    for (int word = 0; word < o.words; ++word) {
      const auto at = static_cast<std::size_t>(o.index + word);
      if ((active & ~v_defined[at]) != 0 && v_origin[at].line != Origin::kNone) return v_origin[at];
    }
  }
  return {};
}

void Wave::deliver(const Pending& p) {
  if (p.kind == Pending::Kind::scalar_load) {
    for (std::size_t i = 0; i < p.words; ++i) {
      s[p.first + i] = p.data[0].lane[i];
      s_defined[p.first + i] = ~0u;
      s_pending[p.first + i] = false;
    }
    return;
  }
  if (p.kind == Pending::Kind::store || p.kind == Pending::Kind::lds_write) return;
  for (std::size_t i = 0; i < p.words; ++i) {
    const std::size_t at = p.first + i;
    blend(v[at].lane, p.data[i].lane, p.lanes);
    v_defined[at] = (v_defined[at] & ~p.lanes) | (p.lanes & p.defined[i]);
    if ((p.lanes & ~p.defined[i]) != 0) v_origin[at] = p.origin;
    v_pending[at] &= ~p.lanes;
  }
}

void Wave::count_completion(std::size_t operations) {
  if (context->completions == nullptr || operations == 0) return;
  const Instruction& wait = context->program->instructions[pc - 1];
  (*context->completions)[wait.line] += static_cast<std::uint32_t>(operations);
}

namespace {

std::size_t drain(Wave& wave, PendingQueue& queue, std::size_t left) {
  std::size_t ended = 0;
  for (; queue.size() > left; ++ended) {
    wave.deliver(queue.front());
    queue.pop();
  }
  return ended;
}

}  // namespace

void Wave::make_room(PendingQueue& queue, std::size_t most) { drain(*this, queue, most - 1); }

void Wave::wait_vector_memory(std::size_t left) {
  count_completion(drain(*this, vector_memory, left));
}

void Wave::wait_stores(std::size_t left) { count_completion(drain(*this, stores, left)); }

// LGKMCNT counts LDS and scalar loads. LDS answers in order, scalar memory in none: any of its
// loads may be among the `left` (CDNA3 ISA, 4.4 "Manually Inserted Wait States"; RDNA3 ISA,
// "S_WAITCNT").
void Wave::wait_lds(std::size_t left) {
  std::size_t ended = drain(*this, lds, left);
  if (left == 0) ended += drain(*this, scalar_loads, 0);
  count_completion(ended);
}

}  // namespace moat::amdgcn
