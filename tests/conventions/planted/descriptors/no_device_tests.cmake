# hip refused: moat_backend(hip): DEVICE_TESTS is missing
moat_backend(hip BASELINES hip_libraries)
