// refused: include
#include "backends/vocabulary/block.hpp"
