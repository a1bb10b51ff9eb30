// refused: vendor
inline constexpr int avx512_lanes = 16;
