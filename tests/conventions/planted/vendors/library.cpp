// refused: vendor
const char* kLibrary = "libcublasLt.so";
