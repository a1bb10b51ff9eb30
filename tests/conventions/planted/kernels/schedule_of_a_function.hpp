// refused: value of a schedule
template <class S>
int steps(int n) {
  return ceil_div(S::m, 64) == 2 ? n : 1;
}
