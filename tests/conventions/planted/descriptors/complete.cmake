# hip accepted
moat_backend(hip CODE bundle COUNTED_IN "machine code" DEVICE_TESTS [[Hip\..*]] BASELINES hip_libraries)
moat_family(hip cdna SERVES gfx90a EMULATED tests/backends/simt/emulated/cdna_backend.hpp)
