# SPDX-License-Identifier: Apache-2.0
# Counts, as part of every build of moat, the lines that each backend compiles:
# ${CMAKE_BINARY_DIR}/porting.json.

# moat_count_porting_lines(COUNTER): COUNTER is the executable that counts.
function(moat_count_porting_lines counter)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS
    ${PROJECT_SOURCE_DIR}/kernels/*.[ch]pp ${PROJECT_SOURCE_DIR}/problems/*.[ch]pp
    ${PROJECT_SOURCE_DIR}/backends/*.[ch]pp)
  set(manifest ${CMAKE_BINARY_DIR}/compile_manifest.json)
  set(record ${CMAKE_BINARY_DIR}/porting.json)
  add_custom_command(OUTPUT ${record}
    COMMAND ${counter} ${manifest} ${PROJECT_SOURCE_DIR} ${CMAKE_BINARY_DIR} ${record}
    DEPENDS ${counter} ${manifest} ${sources}
    COMMENT "Counting the lines changed per port" VERBATIM)
  add_custom_target(moat_porting_record ALL DEPENDS ${record})
  # Made in another folder: the file alone orders the two only with Ninja.
  add_dependencies(moat_porting_record moat_compile_manifest)
endfunction()
