// refused: question
template <class U>
constexpr int alignment = alignof(U);
