// refused: standard header
#include <type_traits>
