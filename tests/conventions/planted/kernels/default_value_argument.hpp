// refused: question by default argument
template <class S, int = S::m>
void run() {}
