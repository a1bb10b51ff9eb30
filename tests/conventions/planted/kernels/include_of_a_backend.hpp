// refused: include
#include "backends/simt/thread_block.hpp"
