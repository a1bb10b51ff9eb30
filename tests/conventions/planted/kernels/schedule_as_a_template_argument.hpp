// refused: schedule passed on
template <int kTile>
int pick(int x) {
  return kTile > 32 ? x : 0;
}
template <class S>
int picked(int x) {
  return pick<S::m>(x);
}
