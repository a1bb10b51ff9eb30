// refused: value of a schedule
template <class S>
int steps(int n) {
  switch (S::m) {
    case 64:
      return n;
    default:
      return 1;
  }
}
