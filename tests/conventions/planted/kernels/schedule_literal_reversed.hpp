// refused: value of a schedule
template <class S>
int steps(int n) {
  return 500 < S::m ? n : 1;
}
