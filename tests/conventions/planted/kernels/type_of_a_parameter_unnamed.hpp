// refused: name inside of a type
template <class Z>
constexpr bool pick(Z::Hint*);
