// SPDX-License-Identifier: Apache-2.0
// Ctrl-C, a closed terminal, kill: the first asks the run to end after the sample at hand, a second
// ends it at once.
#pragma once

#include <sys/types.h>

#include <atomic>

namespace moat {

// Set by SIGINT, SIGTERM and SIGHUP once the handler is installed.
const std::atomic<bool>& interrupted();

// SIGHUP stays ignored where it was (nohup), and is never the second: terminals that close send
// several.
void install_interrupt_handler();

// The same without a signal, and whether that is what happened: the time that the user gave is
// over.
void end_in_time();
bool out_of_time();

// Passes what asks this process to end on to a child, once. Up to two; 0 takes all back.
void pass_interrupts_to(pid_t child);

}  // namespace moat
