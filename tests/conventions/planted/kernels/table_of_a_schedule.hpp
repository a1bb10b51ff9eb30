// refused: table
template <class S>
int steps() {
  constexpr int i = S::m / 64;
  return kSteps[i];
}
