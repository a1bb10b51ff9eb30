// refused: include
#include "bench/record/record.hpp"
