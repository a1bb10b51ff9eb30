# hip refused: moat_family(hip rdna3): SERVES GFX11 begins no architecture
moat_backend(hip CODE bundle COUNTED_IN "machine code" DEVICE_TESTS [[Hip\..*]] BASELINES hip_libraries)
moat_family(hip rdna3 SERVES GFX11 EMULATED tests/backends/simt/emulated/rdna3_backend.hpp)
