// refused: include
#include MOAT_BACKEND
