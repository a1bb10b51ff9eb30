// refused: include of a backend
#include "../../backends/simt/layout.hpp"
