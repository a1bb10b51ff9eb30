// refused: include
#include "kernels/reference/gemm.hpp"
