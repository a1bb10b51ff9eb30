# hip refused: moat_family(hip cdna): backends/cuda has a family of that name
list(APPEND MOAT_BACKENDS cuda)
set(MOAT_cuda_FAMILIES cdna)
moat_backend(hip CODE bundle COUNTED_IN "machine code" DEVICE_TESTS [[Hip\..*]] BASELINES hip_libraries)
moat_family(hip cdna SERVES gfx90a EMULATED tests/backends/simt/emulated/cdna_backend.hpp)
