# SPDX-License-Identifier: Apache-2.0
"""Words by which vendors, their chips and their software are known."""

VENDORS = set(
    "cuda hip rocm nvidia nvcc nvml nvtx ptx cublas cublaslt cudnn cub amd amdgpu rocblas hipblas "
    "hipblaslt hipcub miopen gfx cdna rdna hopper ampere blackwell intel avx amx neon sve mkl "
    "onednn dnnl openblas sycl geforce radeon instinct epyc".split()
)
