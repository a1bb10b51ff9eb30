// refused: lane
inline int row() { return blockIdx.x; }
