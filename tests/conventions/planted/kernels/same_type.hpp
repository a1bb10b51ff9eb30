// refused: question
template <class S, class Wanted>
constexpr bool same = std::is_same_v<S, Wanted>;
