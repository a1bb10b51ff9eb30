# hip refused: MOAT_HIP=SEEN: 
set(MOAT_HIP SEEN)
moat_gpu_wanted(HIP nobody)
