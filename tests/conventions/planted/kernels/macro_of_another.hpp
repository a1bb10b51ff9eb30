// refused: macro
inline int width() { return LANE_COUNT_OF_BUILD; }
