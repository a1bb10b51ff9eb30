# hip refused: moat_backend(hip): CODE fat bin is no name of a format
moat_backend(hip CODE "fat bin" COUNTED_IN PTX DEVICE_TESTS x)
