// refused: question
template <class B>
constexpr bool kSafe = noexcept(B::exp2(1.0f));
