// refused: backend by name
bool vector(const Entry& e) { return e.backend != "abacus"; }
