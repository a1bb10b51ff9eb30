// refused: question
template <class B>
concept Prefetches = true;
