# hip refused: moat_backend(hip): INTERPRETD PTX is read by nothing
moat_backend(hip DEVICE_TESTS x INTERPRETD PTX)
