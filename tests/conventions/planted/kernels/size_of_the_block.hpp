// refused: question by size
template <class B>
int stages(B& block) {
  return sizeof(block) > 64 ? 2 : 1;
}
