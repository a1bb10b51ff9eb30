// refused: question by default argument
template <class S, class = typename S::Operand>
void run() {}
