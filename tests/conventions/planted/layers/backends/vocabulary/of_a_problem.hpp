// accepted
#include "problems/problem.hpp"
