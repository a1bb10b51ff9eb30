// refused: include
#include "kernels/detail/ask.hpp"
