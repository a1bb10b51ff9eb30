// refused: question by decltype
template <class T>
auto prefetch(T& t) -> decltype(t.prefetch()) {
  return t.prefetch();
}
