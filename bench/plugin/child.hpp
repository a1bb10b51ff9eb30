// SPDX-License-Identifier: Apache-2.0
// This program once more, in a process of its own in which plug-ins may crash and hang.
#pragma once

#include <string>
#include <vector>

namespace moat {

struct ChildOptions {
  std::vector<std::string> arguments;  // of the command line, without the program's name
  std::string option;                  // last, with the descriptors: OPTION RESULT,WATCH
  std::string input;                   // its standard input
  // On which it may run; empty: on those of the thread that starts it, which is perhaps bound to
  // one.
  std::vector<int> processors{};
  double call_seconds = 60;  // that a plug-in's call may take
};

struct ChildResult {
  std::string result;  // what it wrote to its descriptor for that
  bool good = false;   // it ended by itself with 0
  // Else how it ended: "crashed: signal 11 (Segmentation fault)".
  std::string end;
  // From 0, −1: none. In whose call it ended or was ended, or else whose call was the last.
  int plugin = -1;
  int spoiled = -1;  // who changed what others were given, too
};

// Starts it and waits for its end. A call of a plug-in that lasts longer than `call_seconds` ends
// it, and what it started. It ends with this process, which passes to it what asks itself to end.
// Its standard output is standard error. Throws std::runtime_error if it cannot be started.
ChildResult run_child(const ChildOptions& options);

// How a process ended that waitpid tells of.
std::string end_text(int status);

}  // namespace moat
