// refused: include
#include "kernels/rows.hpp"
