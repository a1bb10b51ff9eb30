// refused: vendor
// As CUDA does it.
int streams();
