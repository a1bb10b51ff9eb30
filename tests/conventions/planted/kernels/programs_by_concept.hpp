// refused: overload
struct Copy {
  template <class S, class B>
  struct Args {};
  template <class S, Block B>
  static MOAT_FN void run(B& block, const Args<S, B>&) {}
  template <class S, StreamBlock B>
  static MOAT_FN void run(B& block, const Args<S, B>&) {}
};
