// refused: reserved name
inline int fast(int x) { return __builtin_popcount(x); }
