// refused: lane
inline int column(int lane) { return lane % 32; }
