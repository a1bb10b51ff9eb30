// refused: concept
template <StreamSchedule S>
constexpr int chains() {
  return S::chains;
}
template <class S>
constexpr int chains() {
  return 4;
}
