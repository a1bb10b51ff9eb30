// refused: include
#include "../../kernels/gemm.hpp"
