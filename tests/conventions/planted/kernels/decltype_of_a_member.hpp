// refused: question by decltype
template <class B>
int choose(decltype(&B::prefetch)) {
  return 1;
}
