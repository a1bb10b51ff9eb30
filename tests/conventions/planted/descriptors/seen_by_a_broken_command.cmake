# hip refused: MOAT_HIP=SEEN: sh -c exit 3: 3
set(MOAT_HIP SEEN)
moat_gpu_wanted(HIP nobody sh -c "exit 3")
