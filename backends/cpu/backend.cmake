# SPDX-License-Identifier: Apache-2.0
# The processor of the host.
moat_backend(cpu
  DEVICE_TESTS [[Cpu/\w+Test\..*]]
  BASELINES host_libraries expert_loop)
