// refused: include
#include "backends/simt/block.hpp"
