// refused: reserved name
inline constexpr bool kDevice = __cpp_constexpr > 0;
