# hip refused: BASELINES: there is no bench/baselines/INTERPRETD.hpp
moat_backend(hip DEVICE_TESTS x BASELINES hip_libraries INTERPRETD PTX)
