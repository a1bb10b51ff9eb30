// refused: backend by name
bool on_host(const Info& info) { return info.backend == "cpu"; }
