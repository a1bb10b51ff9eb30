# SPDX-License-Identifier: Apache-2.0
# Gathers, as part of every build, what the compilers made of each GPU kernel:
# ${CMAKE_BINARY_DIR}/codegen.json, which `moat codegen` prints.

# moat_report_codegen(COLLECTOR): COLLECTOR is the executable that gathers. It reads the object files
# of the backends' libraries.
function(moat_report_codegen collector)
  set(manifest ${CMAKE_BINARY_DIR}/compile_manifest.json)
  set(report ${CMAKE_BINARY_DIR}/codegen.json)
  set(libraries "")
  foreach(backend IN LISTS MOAT_BACKENDS)
    if(TARGET moat_${backend} AND NOT MOAT_${backend}_CODE STREQUAL none)
      list(APPEND libraries moat_${backend})
    endif()
  endforeach()
  add_custom_command(OUTPUT ${report}
    COMMAND ${collector} ${manifest} ${report}
    DEPENDS ${collector} ${manifest} ${libraries}
    COMMENT "Gathering what the compilers report of each kernel" VERBATIM)
  add_custom_target(moat_codegen_report ALL DEPENDS ${report})
  # Made in another folder: the file alone orders the two only with Ninja.
  add_dependencies(moat_codegen_report moat_compile_manifest)
endfunction()

# moat_keep_ptxas_report(TARGET): beside each object file of TARGET the build keeps OBJECT.ptxas,
# and embeds the PTX, from which `moat codegen` counts instructions.
function(moat_keep_ptxas_report target)
  target_compile_options(${target} PRIVATE -Xptxas=-v -no-compress)
  # In a list, so that an unset launcher leaves no empty first word for the script to run.
  set(launcher ${PROJECT_SOURCE_DIR}/cmake/keep_ptxas_report.sh ${CMAKE_CUDA_COMPILER_LAUNCHER})
  set_target_properties(${target} PROPERTIES CUDA_COMPILER_LAUNCHER "${launcher}")
endfunction()
