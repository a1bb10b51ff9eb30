// refused: include
#include "backends/simt/atoms.hpp"
