// refused: vendor
inline constexpr int kCudaTile = 64;
