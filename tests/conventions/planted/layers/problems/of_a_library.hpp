// accepted
#include <fmt/format.h>
