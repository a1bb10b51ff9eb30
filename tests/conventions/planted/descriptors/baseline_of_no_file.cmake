# hip refused: BASELINES: there is no bench/baselines/hip_library.hpp
moat_backend(hip DEVICE_TESTS x BASELINES hip_library)
