// Ctrl-C: the first one asks the run to end after the sample at hand, the second ends it at once.
#pragma once

#include <atomic>

namespace moat {

// Set by SIGINT and SIGTERM once the handler is installed.
const std::atomic<bool>& interrupted();

void install_interrupt_handler();

}  // namespace moat
