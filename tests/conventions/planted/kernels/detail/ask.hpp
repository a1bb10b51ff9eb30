// refused: place
template <class Z>
constexpr bool wide() {
  return true;
}
