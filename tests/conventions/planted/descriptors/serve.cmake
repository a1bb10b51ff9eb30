# hip refused: moat_family(hip cdna): SERVE gfx90a is read by nothing
moat_backend(hip CODE bundle COUNTED_IN "machine code" DEVICE_TESTS [[Hip\..*]] BASELINES hip_libraries)
moat_family(hip cdna SERVE gfx90a EMULATED tests/backends/simt/emulated/cdna_backend.hpp)
