// refused: overload
namespace moat {
template <class T>
constexpr bool pick(const Tensor<T>&, int) {
  return true;
}
template <class U>
constexpr bool pick(const U&, long) {
  return false;
}
}  // namespace moat
