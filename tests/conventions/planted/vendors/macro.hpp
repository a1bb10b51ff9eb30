// refused: vendor
#ifdef MOAT_CUDA_ABSENT
#endif
