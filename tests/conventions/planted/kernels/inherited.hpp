// refused: base
template <class Z>
struct Probe : Z {};
