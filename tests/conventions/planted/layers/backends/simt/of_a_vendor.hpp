// refused: include
#include "backends/cuda/ptx.hpp"
