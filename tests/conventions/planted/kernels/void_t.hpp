// refused: question
template <class S, class Enable = std::void_t<int>>
struct Has {};
