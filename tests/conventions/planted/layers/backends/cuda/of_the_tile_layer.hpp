// accepted
#include "backends/simt/atoms.hpp"
