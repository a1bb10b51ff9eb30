// refused: question
template <class S>
using Number = std::conditional_t<(S::m > S::n), float, double>;
