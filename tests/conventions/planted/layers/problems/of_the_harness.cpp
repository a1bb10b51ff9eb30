// refused: include
#include "bench/cases/case.hpp"
