// refused: question by declarator
template <class Z>
constexpr bool pick(char (*)[Z::kHint] = nullptr) {
  return true;
}
