# hip refused: moat_family(hpi rdna3): there is no moat_backend(hpi) above it
moat_backend(hip CODE bundle COUNTED_IN "machine code" DEVICE_TESTS [[Hip\..*]] BASELINES hip_libraries)
moat_family(hpi rdna3 SERVES gfx11 EMULATED tests/backends/simt/emulated/rdna3_backend.hpp)
