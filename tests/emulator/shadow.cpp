// SPDX-License-Identifier: Apache-2.0
#include "tests/emulator/shadow.hpp"

#include <algorithm>
#include <utility>

namespace moat::emulator {

void Shadow::refine_for(std::size_t offset, std::size_t bytes) {
  if (((offset | bytes) & (word_bytes_ / 2 - 1)) == 0) return;
  std::vector<Word> fine(2 * words_.size());
  for (std::size_t i = 0; i < fine.size(); ++i) {
    const Word& old = words_[i / 2];
    const std::size_t half = i % 2;
    Word& word = fine[i];
    word.writer.fill(old.writer[half]);
    word.writer_operation.fill(old.writer_operation[half]);
    word.flight = old.flight;
    word.flight_operation = old.flight_operation;
    std::size_t kept = 0;
    for (std::size_t r = 0; r < kReaders && old.reader[r]; ++r) {
      if ((old.reader[r].halves() >> half & 1u) == 0) continue;
      word.reader[kept] = old.reader[r].of_both();
      word.reader_operation[kept++] = old.reader_operation[r];
    }
  }
  words_ = std::move(fine);
  word_bytes_ = 2;
}

template <class F>
std::optional<Conflict> Shadow::each_word(std::size_t offset, std::size_t bytes, F f) {
  refine_for(offset, bytes);
  const std::size_t end = offset + bytes;
  const int shift = word_bytes_ == 4 ? 2 : 1;
  const std::size_t half = word_bytes_ / 2;
  for (std::size_t at = offset >> shift << shift; at < end; at += word_bytes_) {
    const std::uint32_t low = offset < at + half ? 1u : 0u;
    const std::uint32_t high = end > at + half ? 2u : 0u;
    if (const auto conflict = f(words_[at >> shift], low | high, at)) return conflict;
  }
  return std::nullopt;
}

std::optional<Conflict> Shadow::busy(const Word& word, std::size_t offset) {
  if (word.flight == 0) return std::nullopt;
  if (word.flight == kMbarrier) {
    return Conflict{Conflict::Kind::mbarrier, offset, word.writer[0].actor(),
                    word.writer_operation[0]};
  }
  return Conflict{Conflict::Kind::in_flight, offset, static_cast<Actor>(word.flight - 1),
                  word.flight_operation};
}

// A reader that happened before, and others of the same wave, are replaced; of more than kReaders
// that run at once the last is forgotten.
void Shadow::remember_reader(Word& word, const Access& access, std::uint32_t halves) {
  for (std::size_t i = 0; i < kReaders; ++i) {
    const Stamp old = word.reader[i];
    const bool same_wave = old.actor() >= access.wave_begin && old.actor() < access.wave_end;
    if (!old || same_wave || access.knows(old.actor(), old.time()) || i + 1 == kReaders) {
      word.reader[i] = Stamp(access, halves | old.halves());
      word.reader_operation[i] = access.operation;
      return;
    }
  }
}

std::optional<Conflict> Shadow::overwrites(const Word& word, const Access& access,
                                           std::uint32_t halves, std::size_t offset) {
  if (const auto conflict = busy(word, offset)) return conflict;
  for (std::size_t half = 0; half < 2; ++half) {
    const Stamp writer = word.writer[half];
    if ((halves >> half & 1u) != 0 && writer && !access.knows(writer.actor(), writer.time())) {
      return Conflict{Conflict::Kind::write_after_write, offset, writer.actor(),
                      word.writer_operation[half]};
    }
  }
  for (std::size_t i = 0; i < kReaders && word.reader[i]; ++i) {
    const Stamp reader = word.reader[i];
    if ((reader.halves() & halves) != 0 && !access.knows(reader.actor(), reader.time())) {
      return Conflict{Conflict::Kind::write_after_read, offset, reader.actor(),
                      word.reader_operation[i]};
    }
  }
  return std::nullopt;
}

void Shadow::remember_writer(Word& word, const Access& access, std::uint32_t halves) {
  for (std::size_t half = 0; half < 2; ++half) {
    if ((halves >> half & 1u) == 0) continue;
    word.writer[half] = Stamp(access, 0);
    word.writer_operation[half] = access.operation;
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < kReaders && word.reader[i]; ++i) {
    Stamp reader = std::exchange(word.reader[i], Stamp{});
    reader.drop(halves);
    if (!reader) continue;
    word.reader[kept] = reader;
    word.reader_operation[kept++] = word.reader_operation[i];
  }
}

std::optional<Conflict> Shadow::read(const Access& access, std::size_t offset, std::size_t bytes,
                                     const VectorClock* fenced) {
  bool initialised = false;
  Stamp seen;  // the last writer that was no conflict: neighbours often have the same
  const auto check = [&](Word& word, std::uint32_t halves,
                         std::size_t at) -> std::optional<Conflict> {
    if (const auto conflict = busy(word, at)) return conflict;
    for (std::size_t half = 0; half < 2; ++half) {
      const Stamp writer = word.writer[half];
      if ((halves >> half & 1u) == 0 || !writer) continue;
      initialised = true;
      if (writer == seen) continue;
      if (!access.knows(writer.actor(), writer.time())) {
        return Conflict{Conflict::Kind::read_after_write, at, writer.actor(),
                        word.writer_operation[half]};
      }
      if (fenced != nullptr && writer.time() > (*fenced)[writer.actor()]) {
        return Conflict{Conflict::Kind::unfenced, at, writer.actor(), word.writer_operation[half]};
      }
      seen = writer;
    }
    remember_reader(word, access, halves);
    return std::nullopt;
  };
  if (const auto conflict = each_word(offset, bytes, check)) return conflict;
  // Wide reads may reach into padding that nothing writes.
  if (!initialised) return Conflict{Conflict::Kind::uninitialised, offset};
  return std::nullopt;
}

template <class F>
std::optional<Conflict> Shadow::overwrite(const Access& access, std::size_t offset,
                                          std::size_t bytes, F f) {
  return each_word(
      offset, bytes,
      [&](Word& word, std::uint32_t halves, std::size_t at) -> std::optional<Conflict> {
        if (const auto conflict = overwrites(word, access, halves, at)) {
          return conflict;
        }
        f(word, halves);
        return std::nullopt;
      });
}

std::optional<Conflict> Shadow::write(const Access& access, std::size_t offset, std::size_t bytes) {
  return overwrite(access, offset, bytes, [&](Word& word, std::uint32_t halves) {
    remember_writer(word, access, halves);
  });
}

std::optional<Conflict> Shadow::launch(const Access& access, std::size_t offset,
                                       std::size_t bytes) {
  return overwrite(access, offset, bytes, [&](Word& word, std::uint32_t) {
    word.flight = static_cast<std::uint16_t>(access.actor + 1);
    word.flight_operation = access.operation;
  });
}

void Shadow::land(const Access& access, std::size_t offset, std::size_t bytes) {
  each_word(offset, bytes,
            [&](Word& word, std::uint32_t halves, std::size_t) -> std::optional<Conflict> {
              word.flight = 0;
              remember_writer(word, access, halves);
              return std::nullopt;
            });
}

std::optional<Conflict> Shadow::reserve(const Access& access, std::size_t offset,
                                        std::size_t bytes) {
  return overwrite(access, offset, bytes, [&](Word& word, std::uint32_t halves) {
    remember_writer(word, access, halves);
    word.flight = kMbarrier;
  });
}

}  // namespace moat::emulator
