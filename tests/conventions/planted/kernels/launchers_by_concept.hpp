// refused: overload
template <class T, Target Backend>
void launch_copy(Backend& backend, const RowsProblem& p) {}
template <class T, RowsTarget<T> Backend>
void launch_copy(Backend& backend, const RowsProblem& p) {}
