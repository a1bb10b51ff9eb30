// refused: question by declarator
template <class F, class R>
constexpr bool pick(R (*)(F)) {
  return true;
}
