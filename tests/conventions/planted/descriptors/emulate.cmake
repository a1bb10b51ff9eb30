# hip refused: moat_family(hip cdna): SERVES and EMULATED are needed
moat_backend(hip CODE bundle COUNTED_IN "machine code" DEVICE_TESTS [[Hip\..*]] BASELINES hip_libraries)
moat_family(hip cdna SERVES gfx90a EMULATE tests/backends/simt/emulated/cdna_backend.hpp)
