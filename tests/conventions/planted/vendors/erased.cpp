// refused: backend by name
void keep(Names& gpus) { gpus.erase("cpu"); }
