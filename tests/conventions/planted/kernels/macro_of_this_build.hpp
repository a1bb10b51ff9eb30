// refused: macro
inline const char* which() { return MOAT_WHICH; }
