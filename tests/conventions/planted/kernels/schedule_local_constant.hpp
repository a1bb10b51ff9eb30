// refused: value of a schedule
template <class S>
int steps(int n) {
  const int wide = 128;
  int wider = 2 * wide;
  return S::m < wider ? n : 1;
}
