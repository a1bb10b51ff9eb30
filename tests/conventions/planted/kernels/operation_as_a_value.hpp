// refused: concept
template <class B>
constexpr bool kKeepsTerms = HasTerms<B, float, Sum>;
