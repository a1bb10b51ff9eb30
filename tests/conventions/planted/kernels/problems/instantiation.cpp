// refused: place
#include "kernels/gemm.hpp"
