// refused: question by ellipsis
template <class B>
constexpr int rank(...) {
  return 0;
}
