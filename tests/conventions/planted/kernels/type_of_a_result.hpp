// refused: name inside of a type
template <class Z>
typename Z::template Hint<int> pick(int) {
  return {};
}
