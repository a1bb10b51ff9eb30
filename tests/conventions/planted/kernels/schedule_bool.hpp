// refused: value of a schedule
template <class S>
int steps(int n) {
  constexpr bool wide{S::m / 128};
  if (n > 0 && wide) return n;
  return 1;
}
