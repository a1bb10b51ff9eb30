// refused: reserved name
inline const char* where() { return __builtin_FUNCTION(); }
