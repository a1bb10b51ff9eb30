# hip refused: moat_family(hip rdna3): cdna, above it, serves all of gfx11 with gfx
moat_backend(hip CODE bundle COUNTED_IN "machine code" DEVICE_TESTS [[Hip\..*]] BASELINES hip_libraries)
moat_family(hip cdna SERVES gfx EMULATED tests/backends/simt/emulated/cdna_backend.hpp)
moat_family(hip rdna3 SERVES gfx11 EMULATED tests/backends/simt/emulated/rdna3_backend.hpp)
