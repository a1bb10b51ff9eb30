// accepted
#include "backends/vocabulary/block.hpp"
