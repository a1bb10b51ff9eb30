# hip refused: moat_backend(cuda) is not named as its folder
moat_backend(cuda DEVICE_TESTS x)
