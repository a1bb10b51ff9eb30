// refused: include
#include <hip/hip_runtime.h>
