// refused: lane
inline int row(int threadIndex) { return threadIndex >> 5; }
