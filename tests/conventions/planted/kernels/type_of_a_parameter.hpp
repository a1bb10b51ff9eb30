// refused: name inside of a type
template <class Z>
constexpr bool pick(typename Z::Hint*, int) {
  return true;
}
template <class Z>
constexpr bool pick(void*, long) {
  return false;
}
