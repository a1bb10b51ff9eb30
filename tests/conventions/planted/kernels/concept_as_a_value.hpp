// refused: concept
template <class S>
constexpr bool kTiled = AttentionSchedule<S>;
