# hip refused: moat_backend(hip): BASELINE hip_libraries is read by nothing
moat_backend(hip DEVICE_TESTS x BASELINE hip_libraries)
