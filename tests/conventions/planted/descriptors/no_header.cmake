# hip refused: moat_family(hip rdna4): there is no backends/hip/rdna4_backend.hpp
moat_backend(hip CODE bundle COUNTED_IN "machine code" DEVICE_TESTS [[Hip\..*]] BASELINES hip_libraries)
moat_family(hip rdna4 SERVES gfx12 EMULATED tests/backends/simt/emulated/rdna3_backend.hpp)
