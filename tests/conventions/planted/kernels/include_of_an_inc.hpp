// refused: include
#include "kernels/ask.inc"
