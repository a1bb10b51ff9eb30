// refused: question
template <class S>
constexpr bool chains() {
  return requires { S::chains; };
}
