// SPDX-License-Identifier: Apache-2.0
#include "bench/migration/diff/file_diff.hpp"

#include <algorithm>
#include <optional>
#include <span>

#include "bench/migration/diff/sequence_diff.hpp"

namespace moat {
namespace {

using Indices = std::vector<std::size_t>;
constexpr std::size_t kNone = static_cast<std::size_t>(-1);

std::uint64_t renamed_token_hash(const SourceText& source, const CodeLine& line, const Token& token,
                                 const RenameTable& table) {
  const std::string_view text = source.spelling(token);
  if (token.kind == TokenKind::kIdentifier) {
    const std::string* to = table.find(text);
    return spelling_hash(to == nullptr ? text : *to);
  }
  const bool header =
      token.kind == TokenKind::kHeader ||
      (token.kind == TokenKind::kString && line.directive == DirectiveKind::kInclude);
  if (header && text.size() > 2) {
    if (const std::string* to = table.find_header(text.substr(1, text.size() - 2))) {
      return spelling_hash(std::string(1, text.front()) + *to + text.back());
    }
  }
  return spelling_hash(text);
}

// The tokens of some lines of a file, in one sequence.
struct TokenRun {
  std::vector<std::uint64_t> hashes;
  std::vector<std::uint32_t> tokens;  // index in the source
  Indices lines;                      // index in the list of lines

  // `table` null: as they are.
  TokenRun(const SourceText& source, std::span<const std::size_t> selected,
           const RenameTable* table) {
    for (std::size_t i = 0; i < selected.size(); ++i) {
      const CodeLine& line = source.lines[selected[i]];
      for (std::uint32_t t = line.first; t < line.last; ++t) {
        const Token& token = source.tokens[t];
        hashes.push_back(table == nullptr ? spelling_hash(source.spelling(token))
                                          : renamed_token_hash(source, line, token, *table));
        tokens.push_back(t);
        lines.push_back(i);
      }
    }
  }
};

// Which lines of two lists hold an edit, given how their tokens align.
struct EditedLines {
  std::vector<bool> a;
  std::vector<bool> b;
};

EditedLines edited_lines(const TokenRun& a, const TokenRun& b, const std::vector<Hunk>& hunks,
                         std::size_t a_lines, std::size_t b_lines) {
  EditedLines own{.a = std::vector<bool>(a_lines), .b = std::vector<bool>(b_lines)};
  for (const Hunk& hunk : hunks) {
    for (std::size_t i = 0; i < hunk.a_count; ++i) own.a[a.lines[hunk.a + i]] = true;
    for (std::size_t i = 0; i < hunk.b_count; ++i) own.b[b.lines[hunk.b + i]] = true;
  }
  EditedLines all = own;
  for (const Match& m : matches_of(hunks, a.hashes.size())) {
    if (own.b[b.lines[m.b]]) all.a[a.lines[m.a]] = true;
    if (own.a[a.lines[m.a]]) all.b[b.lines[m.b]] = true;
  }
  return all;
}

Indices selected(std::size_t first, const std::vector<bool>& which) {
  Indices lines;
  for (std::size_t i = 0; i < which.size(); ++i) {
    if (which[i]) lines.push_back(first + i);
  }
  return lines;
}

Indices range(std::size_t first, std::size_t count) {
  Indices lines(count);
  for (std::size_t i = 0; i < count; ++i) lines[i] = first + i;
  return lines;
}

Indices pick(const Indices& from, std::size_t first, std::size_t count) {
  return {from.begin() + static_cast<std::ptrdiff_t>(first),
          from.begin() + static_cast<std::ptrdiff_t>(first + count)};
}

class Differ {
 public:
  Differ(const SourceText& base, const SourceText& port, const RenameTable& table)
      : base_(base), port_(port), table_(table) {}

  FileDiff run() {
    DiffCounts& counts = diff_.counts;
    counts.base_sloc = base_.sloc();
    counts.port_sloc = port_.sloc();
    counts.base_tokens = static_cast<std::int64_t>(base_.tokens.size());
    counts.port_tokens = static_cast<std::int64_t>(port_.tokens.size());
    for (const Hunk& hunk : line_hunks()) change(hunk);
    return std::move(diff_);
  }

 private:
  static std::vector<std::uint64_t> line_hashes(const SourceText& source) {
    std::vector<std::uint64_t> hashes(source.lines.size());
    std::ranges::transform(source.lines, hashes.begin(), &CodeLine::hash);
    return hashes;
  }

  // Hunks of lines. Where a break was moved across a line that is nothing but brackets, that line
  // matches by chance and cuts a hunk in two; they are joined if all of their tokens are equal.
  std::vector<Hunk> line_hunks() const {
    const auto found = diff_sequences(line_hashes(base_), line_hashes(port_));
    std::vector<Hunk> joined;
    for (std::size_t i = 0; i < found.size(); ++i) {
      Hunk hunk = found[i];
      std::size_t last = i;
      for (std::size_t next = i + 1; next < found.size() && next <= i + 4; ++next) {
        const std::size_t end = found[next - 1].a + found[next - 1].a_count;
        if (!only_brackets(end, found[next].a)) break;
        const Hunk wide{.a = hunk.a,
                        .a_count = found[next].a + found[next].a_count - hunk.a,
                        .b = hunk.b,
                        .b_count = found[next].b + found[next].b_count - hunk.b};
        if (same_tokens(wide)) {
          hunk = wide;
          last = next;
        }
      }
      joined.push_back(hunk);
      i = last;
    }
    return joined;
  }

  bool only_brackets(std::size_t first, std::size_t end) const {
    constexpr std::size_t kFew = 4;
    if (end - first > kFew) return false;
    for (std::size_t i = first; i < end; ++i) {
      for (const Token& token : base_.tokens_of(base_.lines[i])) {
        if (token.kind != TokenKind::kPunctuation) return false;
      }
    }
    return true;
  }

  bool same_tokens(const Hunk& hunk) const {
    const TokenRun a(base_, range(hunk.a, hunk.a_count), nullptr);
    const TokenRun b(port_, range(hunk.b, hunk.b_count), nullptr);
    return a.hashes == b.hashes;
  }

  void change(const Hunk& hunk) {
    Indices a = range(hunk.a, hunk.a_count);
    Indices b = range(hunk.b, hunk.b_count);
    const TokenRun a_tokens(base_, a, nullptr);
    const TokenRun b_tokens(port_, b, nullptr);
    if (a.empty() || b.empty()) {
      diff_.counts.token_edits +=
          static_cast<std::int64_t>(a_tokens.hashes.size() + b_tokens.hashes.size());
    } else {
      const auto edits = diff_sequences(a_tokens.hashes, b_tokens.hashes);
      for (const Hunk& edit : edits) {
        diff_.counts.token_edits += static_cast<std::int64_t>(edit.a_count + edit.b_count);
      }
      const EditedLines lines = edited_lines(a_tokens, b_tokens, edits, a.size(), b.size());
      a = selected(hunk.a, lines.a);
      b = selected(hunk.b, lines.b);
    }
    diff_.counts.removed += static_cast<std::int64_t>(a.size());
    diff_.counts.added += static_cast<std::int64_t>(b.size());
    diff_.counts.max_side += static_cast<std::int64_t>(std::max(a.size(), b.size()));
    classify(a, b);
  }

  void classify(const Indices& a, const Indices& b) {
    std::vector<std::uint64_t> renamed(a.size());
    std::vector<std::uint64_t> ported(b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      renamed[i] = renamed_hash(base_, base_.lines[a[i]], table_);
    }
    for (std::size_t i = 0; i < b.size(); ++i) ported[i] = port_.lines[b[i]].hash;
    const auto hunks = diff_sequences(renamed, ported);
    std::size_t at_a = 0;
    std::size_t at_b = 0;
    const auto equal_up_to = [&](std::size_t end) {
      for (; at_a < end; ++at_a, ++at_b) {
        // Lines that are equal as they stand were moved.
        const bool renaming = base_.lines[a[at_a]].hash != ported[at_b];
        const PortClass c = renaming ? PortClass::kRename : PortClass::kOther;
        remove(a[at_a], c, renaming);
        add(b[at_b], c, renaming);
      }
    };
    for (const Hunk& hunk : hunks) {
      equal_up_to(hunk.a);
      by_hand(a, b, hunk);
      at_a = hunk.a + hunk.a_count;
      at_b = hunk.b + hunk.b_count;
    }
    equal_up_to(a.size());
  }

  static PortClass with_directive(DirectiveKind directive, PortClass c) {
    if (directive == DirectiveKind::kInclude) return PortClass::kInclude;
    if (directive == DirectiveKind::kGuard) return PortClass::kGuard;
    return c;
  }

  static ChangedLine changed(const SourceText& source, std::size_t index, PortClass c,
                             bool mechanical) {
    const CodeLine& line = source.lines[index];
    return {.number = line.number,
            .port_class = with_directive(line.directive, c),
            .mechanical = mechanical,
            .text = std::string(source.line_text(line))};
  }

  void remove(std::size_t index, PortClass c, bool mechanical) {
    diff_.removed.push_back(changed(base_, index, c, mechanical));
    ClassCount& count = diff_.counts.of(diff_.removed.back().port_class);
    ++count.removed;
    if (mechanical) ++count.mechanical_removed;
  }

  void add(std::size_t index, PortClass c, bool mechanical) {
    diff_.added.push_back(changed(port_, index, c, mechanical));
    ClassCount& count = diff_.counts.of(diff_.added.back().port_class);
    ++count.added;
    if (mechanical) ++count.mechanical_added;
  }

  const std::vector<TokenPlace>& places(bool of_port) {
    auto& kept = of_port ? port_places_ : base_places_;
    if (!kept) kept = token_places(of_port ? port_ : base_);
    return *kept;
  }

  EditedToken edited(bool of_port, std::uint32_t token) {
    const SourceText& source = of_port ? port_ : base_;
    return {.spelling = source.spelling(source.tokens[token]),
            .kind = source.tokens[token].kind,
            .place = places(of_port)[token]};
  }

  std::vector<EditedToken> all_tokens(bool of_port, std::size_t index) {
    const CodeLine& line = (of_port ? port_ : base_).lines[index];
    std::vector<EditedToken> tokens;
    for (std::uint32_t t = line.first; t < line.last; ++t) tokens.push_back(edited(of_port, t));
    return tokens;
  }

  // Lines that renaming does not make equal.
  void by_hand(const Indices& all_a, const Indices& all_b, const Hunk& hunk) {
    const Indices a = pick(all_a, hunk.a, hunk.a_count);
    const Indices b = pick(all_b, hunk.b, hunk.b_count);
    if (a.empty() || b.empty()) {
      for (const std::size_t i : a) remove(i, classify_edit(all_tokens(false, i), {}), false);
      for (const std::size_t i : b) add(i, classify_edit({}, all_tokens(true, i)), false);
      return;
    }
    const TokenRun a_tokens(base_, a, &table_);
    const TokenRun b_tokens(port_, b, nullptr);
    const auto edits = diff_sequences(a_tokens.hashes, b_tokens.hashes);
    std::vector<std::vector<EditedToken>> a_edits(a.size());
    std::vector<std::vector<EditedToken>> b_edits(b.size());
    for (const Hunk& edit : edits) {
      for (std::size_t i = edit.a; i < edit.a + edit.a_count; ++i) {
        a_edits[a_tokens.lines[i]].push_back(edited(false, a_tokens.tokens[i]));
      }
      for (std::size_t i = edit.b; i < edit.b + edit.b_count; ++i) {
        b_edits[b_tokens.lines[i]].push_back(edited(true, b_tokens.tokens[i]));
      }
      note_unlisted(edit, a_tokens, b_tokens);
    }
    const auto matches = matches_of(edits, a_tokens.hashes.size());
    const Indices a_partner = partners(matches, a_tokens.lines, b_tokens.lines, a.size(), true);
    const Indices b_partner = partners(matches, a_tokens.lines, b_tokens.lines, b.size(), false);
    constexpr std::size_t kFewLines = 6;
    const bool reordered = a.size() + b.size() <= kFewLines && reorders(a_tokens, b_tokens);
    const std::vector<EditedToken> nothing;
    for (std::size_t i = 0; i < a.size(); ++i) {
      const std::size_t p = a_partner[i];
      const auto& theirs = p == kNone ? nothing : b_edits[p];
      const bool mechanical = p != kNone && a_edits[i].empty() && theirs.empty();
      const bool order = reordered || (p != kNone && b_partner[p] == i && reorders(a[i], b[p]));
      remove(a[i], hand_class(a_edits[i], theirs, mechanical, order), mechanical);
    }
    for (std::size_t i = 0; i < b.size(); ++i) {
      const std::size_t p = b_partner[i];
      const auto& theirs = p == kNone ? nothing : a_edits[p];
      const bool mechanical = p != kNone && b_edits[i].empty() && theirs.empty();
      const bool order = reordered || (p != kNone && a_partner[p] == i && reorders(a[p], b[i]));
      add(b[i], hand_class(theirs, b_edits[i], mechanical, order), mechanical);
    }
  }

  static PortClass hand_class(std::span<const EditedToken> removed,
                              std::span<const EditedToken> added, bool mechanical, bool order) {
    if (mechanical) return PortClass::kRename;
    const PortClass c = classify_edit(removed, added);
    return order && c != PortClass::kLaunch ? PortClass::kArgumentOrder : c;
  }

  // For each line of one side the line of the other with which it shares the most tokens.
  static Indices partners(const std::vector<Match>& matches, const Indices& a_lines,
                          const Indices& b_lines, std::size_t count, bool of_a) {
    std::vector<std::map<std::size_t, int>> shared(count);
    for (const Match& m : matches) {
      const std::size_t a = a_lines[m.a];
      const std::size_t b = b_lines[m.b];
      ++shared[of_a ? a : b][of_a ? b : a];
    }
    Indices best(count, kNone);
    for (std::size_t i = 0; i < count; ++i) {
      int most = 0;
      for (const auto& [other, n] : shared[i]) {
        if (n > most) {
          most = n;
          best[i] = other;
        }
      }
    }
    return best;
  }

  // Whether both hold the same tokens in another order, among them a comma.
  bool reorders(const TokenRun& a, const TokenRun& b) const {
    if (a.hashes.size() != b.hashes.size() || a.hashes == b.hashes) return false;
    const bool comma = std::ranges::any_of(
        a.tokens, [&](std::uint32_t t) { return base_.spelling(base_.tokens[t]) == ","; });
    return comma && sorted(a.hashes) == sorted(b.hashes);
  }
  bool reorders(std::size_t a, std::size_t b) const {
    return reorders(TokenRun(base_, std::span(&a, 1), &table_),
                    TokenRun(port_, std::span(&b, 1), nullptr));
  }
  static std::vector<std::uint64_t> sorted(std::vector<std::uint64_t> values) {
    std::ranges::sort(values);
    return values;
  }

  void note_unlisted(const Hunk& edit, const TokenRun& a, const TokenRun& b) {
    if (edit.a_count != 1 || edit.b_count != 1) return;
    const Token& from = base_.tokens[a.tokens[edit.a]];
    const Token& to = port_.tokens[b.tokens[edit.b]];
    if (from.kind != TokenKind::kIdentifier || to.kind != TokenKind::kIdentifier) return;
    ++diff_.unlisted[{std::string(base_.spelling(from)), std::string(port_.spelling(to))}];
  }

  const SourceText& base_;
  const SourceText& port_;
  const RenameTable& table_;
  FileDiff diff_;
  std::optional<std::vector<TokenPlace>> base_places_;
  std::optional<std::vector<TokenPlace>> port_places_;
};

}  // namespace

std::int64_t DiffCounts::mechanical() const {
  std::int64_t sum = 0;
  for (const ClassCount& c : classes) sum += c.mechanical_removed + c.mechanical_added;
  return sum;
}

DiffCounts& DiffCounts::operator+=(const DiffCounts& other) {
  base_sloc += other.base_sloc;
  port_sloc += other.port_sloc;
  removed += other.removed;
  added += other.added;
  max_side += other.max_side;
  base_tokens += other.base_tokens;
  port_tokens += other.port_tokens;
  token_edits += other.token_edits;
  for (std::size_t i = 0; i < kPortClassCount; ++i) {
    classes.at(i).removed += other.classes.at(i).removed;
    classes.at(i).added += other.classes.at(i).added;
    classes.at(i).mechanical_removed += other.classes.at(i).mechanical_removed;
    classes.at(i).mechanical_added += other.classes.at(i).mechanical_added;
  }
  return *this;
}

std::uint64_t renamed_hash(const SourceText& source, const CodeLine& line,
                           const RenameTable& table) {
  std::uint64_t hash = 0;
  for (const Token& token : source.tokens_of(line)) {
    hash = combine_hashes(hash, renamed_token_hash(source, line, token, table));
  }
  return hash;
}

FileDiff diff_sources(const SourceText& base, const SourceText& port, const RenameTable& table) {
  return Differ(base, port, table).run();
}

DiffCounts count_whole(const SourceText& source, PortClass c) {
  DiffCounts counts;
  const auto tokens = static_cast<std::int64_t>(source.tokens.size());
  counts.max_side = source.sloc();
  counts.token_edits = tokens;
  if (c == PortClass::kDropped) {
    counts.base_sloc = counts.removed = counts.of(c).removed = source.sloc();
    counts.base_tokens = tokens;
  } else {
    counts.port_sloc = counts.added = counts.of(c).added = source.sloc();
    counts.port_tokens = tokens;
  }
  return counts;
}

}  // namespace moat
