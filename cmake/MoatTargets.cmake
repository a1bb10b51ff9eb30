# Targets with the project's warnings and include path.

add_library(moat_options INTERFACE)
target_include_directories(moat_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(moat_options INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wpedantic;-Wshadow;-Werror>)

# moat_library(NAME SOURCES... LIBS...): a static library that links LIBS publicly.
function(moat_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC moat_options ${ARG_LIBS})
endfunction()

# What runs once and for a moment: compiling it takes longer than running it.
add_library(moat_quick_to_compile INTERFACE)
target_compile_options(moat_quick_to_compile INTERFACE $<$<CONFIG:Release>:-O1>)

# moat_test(NAME [OPTIMIZED] SOURCES... LIBS...): a GoogleTest executable whose every case is a CTest
# test. OPTIMIZED: what is tested or takes long is compiled in it, not in LIBS.
function(moat_test name)
  cmake_parse_arguments(ARG "OPTIMIZED" "" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE moat_options ${ARG_LIBS} GTest::gtest_main)
  if(NOT ARG_OPTIMIZED)
    target_link_libraries(${name} PRIVATE moat_quick_to_compile)
  endif()
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 600)
endfunction()
