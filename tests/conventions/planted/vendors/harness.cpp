// accepted
#include "backends/cpu/processor.hpp"
#include "backends/device.hpp"

// Ships hippos and subjects; a chip's field "cpu".
#if defined(__CUDACC__) || defined(__HIP__)
#endif
const bool host = device.info().host;
void fields(V& v, Host& x) { v("cpu", x.cpu); }
const char* kExample = "moat run --kernel attention --backend cpu";
