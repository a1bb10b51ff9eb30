// refused: value of a schedule
template <class S>
int steps(int n) {
  if (S::m & 64) return n;
  return 1;
}
