// refused: schedule
template <class S>
int blocks() {
  return S::kResidency;
}
