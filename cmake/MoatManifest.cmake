# SPDX-License-Identifier: Apache-2.0
# How each backend compiles each source: ${CMAKE_BINARY_DIR}/compile_manifest.json, made by the
# target moat_compile_manifest. The porting counter reads it:
#   [{"backend": "cuda",            cpu, cuda, hip
#     "family": "sm_90a",           architectures that share atoms; "" for what all of the backend's use
#     "kernel": "gemm",             name of the file in kernels/, or "runtime" for the backend's own
#     "source": "/…/kernels/gemm.cpp",
#     "directory": "/…/build",      where the command runs
#     "command": ["/…/nvcc", …, "-c", "/…/kernels/gemm.cpp", "-o", "…"]}, …]

# Every backend compiles all of these, with MOAT_BACKEND naming its header.
file(GLOB MOAT_KERNEL_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/kernels/*.cpp)

# moat_manifest_target(BACKEND TARGET [FAMILY]): CMake compiles the backend's sources in TARGET.
function(moat_manifest_target backend target)
  set_property(GLOBAL APPEND PROPERTY MOAT_MANIFEST_TARGETS "${backend}=${target}=${ARGV2}")
endfunction()

# moat_manifest_command(BACKEND FAMILY SOURCE COMMAND...): SOURCE is compiled by a custom command,
# run in the build folder.
function(moat_manifest_command backend family source)
  set_property(GLOBAL APPEND_STRING PROPERTY MOAT_MANIFEST_COMMANDS
    "moat_manifest_entry([==[${backend}]==] [==[${family}]==] [==[${source}]==] [==[${CMAKE_BINARY_DIR}]==]\n")
  foreach(argument IN LISTS ARGN)
    set_property(GLOBAL APPEND_STRING PROPERTY MOAT_MANIFEST_COMMANDS "  [==[${argument}]==]\n")
  endforeach()
  set_property(GLOBAL APPEND_STRING PROPERTY MOAT_MANIFEST_COMMANDS ")\n")
endfunction()

# Runs at the end of the configuration, when all backends have said what they compile.
function(moat_manifest_finish)
  get_property(targets GLOBAL PROPERTY MOAT_MANIFEST_TARGETS)
  get_property(commands GLOBAL PROPERTY MOAT_MANIFEST_COMMANDS)
  set(MOAT_MANIFEST_TARGETS "${targets}")
  set(MOAT_MANIFEST_COMMANDS "${commands}")
  configure_file(${PROJECT_SOURCE_DIR}/cmake/compile_manifest.cmake.in
    ${CMAKE_BINARY_DIR}/compile_manifest.cmake @ONLY)
  # CMake writes compile_commands.json after this: the commands are final only at build time.
  add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/compile_manifest.json
    COMMAND ${CMAKE_COMMAND} -P ${CMAKE_BINARY_DIR}/compile_manifest.cmake
    DEPENDS ${CMAKE_BINARY_DIR}/compile_manifest.cmake ${CMAKE_BINARY_DIR}/compile_commands.json
    COMMENT "Recording how each backend compiles each kernel" VERBATIM)
  add_custom_target(moat_compile_manifest ALL
    DEPENDS ${CMAKE_BINARY_DIR}/compile_manifest.json)
endfunction()
cmake_language(DEFER DIRECTORY ${PROJECT_SOURCE_DIR} CALL moat_manifest_finish)
