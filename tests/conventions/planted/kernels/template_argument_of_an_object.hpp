// refused: question by template argument
template <auto z>
constexpr bool pick(Count<z.hint>) {
  return true;
}
