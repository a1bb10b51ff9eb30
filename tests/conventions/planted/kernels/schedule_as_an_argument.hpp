// refused: schedule passed on
int pick(int tile, int x) { return tile > 32 ? x : 0; }
template <class S>
int picked(int x) {
  return pick(S::m, x);
}
