// refused: include
#include "backends/hip/lds.hpp"
