// refused: value of a schedule
template <class S>
int steps(int n) {
  return S::n == 128 ? n : 1;
}
