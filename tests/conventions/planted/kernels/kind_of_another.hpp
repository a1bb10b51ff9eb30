// refused: name inside of a type
template <class BlockKind>
constexpr bool pick(typename BlockKind::hint*) {
  return true;
}
