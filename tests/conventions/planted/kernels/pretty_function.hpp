// refused: reserved name
template <class B>
const char* where() { return __PRETTY_FUNCTION__; }
