// refused: member of a temporary
template <class Z>
constexpr int steps() {
  return Z{}.m;
}
