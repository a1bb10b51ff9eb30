// refused: question by size
template <class Z>
constexpr bool wide = sizeof query<Z>(0) == 1;
