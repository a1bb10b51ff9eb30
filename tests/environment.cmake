# SPDX-License-Identifier: Apache-2.0
# Read by CTest before it runs tests. They run side by side, so threads that spin while they wait take
# processors from others: half of the time of those that execute GPU code was that.
if(NOT DEFINED ENV{OMP_WAIT_POLICY})
  set(ENV{OMP_WAIT_POLICY} passive)
endif()
