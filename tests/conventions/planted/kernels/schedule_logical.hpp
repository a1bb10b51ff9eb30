// refused: value of a schedule
template <class S>
int steps(int n) {
  const bool small = n < 9 && !(S::m / 64);
  return small ? n : 1;
}
