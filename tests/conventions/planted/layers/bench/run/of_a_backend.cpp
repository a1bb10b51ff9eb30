// refused: include
#include "backends/cuda/device.hpp"
