# hip refused: moat_backend(hip): DEVICE_TEST x is read by nothing
moat_backend(hip DEVICE_TEST x)
