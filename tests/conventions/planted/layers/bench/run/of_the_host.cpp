// accepted
#include "backends/cpu/processor.hpp"
