// SPDX-License-Identifier: Apache-2.0
// Two builds sampled in turns in one session: what each of them says and is told.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace moat {

// A build's end of the line. It speaks in lines: "moat-turns 1", "group NAME" for each group that
// it plans, "planned", then before each round "round 0|1 CALLS NAME": 1 if it wants the round, and
// the calls per sample of its implementations, as in 8,1. It is answered "sample CALLS", or "stop",
// and works only between an answer and its next question.
class Turns {
 public:
  // Says which groups are planned. The file descriptors stay open.
  Turns(int in, int out, const std::vector<std::string>& planned);

  // Asks for a round of the group and waits for the answer. `calls` becomes what both builds are
  // to take per sample. False too if nobody answers any more.
  bool next_round(const std::string& group, bool wanted, std::vector<int>& calls);

 private:
  int in_;
  int out_;
};

// The lines that come from a file descriptor.
class LineReader {
 public:
  explicit LineReader(int fd) : fd_(fd) {}
  // The next line without its end; false at the end of the input.
  bool read(std::string& line);

 private:
  int fd_;
  std::string buffer_;
};

// "8,1" of its members and back; anything else is an empty list.
std::string format_calls(const std::vector<int>& calls);
std::vector<int> parse_calls(std::string_view text);

// Writes all of it; false if the other end is closed.
bool write_all(int fd, std::string_view text);

}  // namespace moat
