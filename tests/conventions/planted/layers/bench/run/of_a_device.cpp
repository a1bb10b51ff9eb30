// accepted
#include "backends/device.hpp"
