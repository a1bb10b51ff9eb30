# hip refused: moat_family(hip rdna3): there is no moat_backend(hip) above it
moat_family(hip rdna3 SERVES gfx11 EMULATED tests/backends/simt/emulated/rdna3_backend.hpp)
