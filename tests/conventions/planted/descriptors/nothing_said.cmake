# hip refused: moat_backend(hip): CODE says nothing
moat_backend(hip CODE DEVICE_TESTS x)
