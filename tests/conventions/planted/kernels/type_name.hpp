// refused: question
template <class B>
bool named(B& block, const char* name) {
  return typeid(block).name() == name;
}
