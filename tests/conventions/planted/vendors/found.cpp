// refused: backend by name
auto it = std::ranges::find(all, "cpu", &BackendEntry::name);
