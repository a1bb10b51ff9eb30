// refused: value of a schedule
template <class Z>
int steps(int n) {
  while (Z::k - 64) --n;
  return n;
}
