// refused: concept
template <class B>
constexpr bool kRuns = Block<B>;
