// refused: include
#include "backends/device.hpp"
