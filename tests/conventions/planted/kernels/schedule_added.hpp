// refused: schedule passed on
template <class S>
int picked(int x) {
  int rows = 0;
  rows += S::m;
  return rows > 32 ? x : 0;
}
