// refused: value of a schedule
template <class S>
int steps(int n) {
  constexpr int kAtOnce = 2 * S::chains;
  return kAtOnce == 24 ? n : 1;
}
