// refused: question
template <class B>
  requires requires(B& b) { b.prefetch(); }
void run(B& b) {
  b.prefetch();
}
template <class B>
void run(B&) {}
