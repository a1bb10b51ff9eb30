# hip refused: moat_backend(hip): CODE and COUNTED_IN stand together
moat_backend(hip CODE bundle DEVICE_TESTS x)
