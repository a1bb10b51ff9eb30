// refused: question by declarator
template <auto z>
constexpr bool pick(char bound[z.hint + 1]) {
  return bound != nullptr;
}
