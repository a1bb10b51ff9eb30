// refused: library
inline bool little() { return std::endian::native == std::endian::little; }
