# SPDX-License-Identifier: Apache-2.0
# Writes build_info.cpp from the state of the git work tree at build time. The file is touched only
# when that changes.
set(MOAT_COMMIT "")
set(MOAT_DIRTY false)
find_program(GIT git)
if(GIT)
  execute_process(COMMAND ${GIT} -C ${SOURCE_DIR} rev-parse HEAD
    OUTPUT_VARIABLE MOAT_COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(MOAT_COMMIT)
    # What scripts/cpu_table.sh writes is no source: it measures several builds in turn.
    execute_process(
      COMMAND ${GIT} --no-optional-locks -C ${SOURCE_DIR} status --porcelain --untracked-files=no
        -- . ":(exclude)results/cpu"
      OUTPUT_VARIABLE changes ERROR_QUIET)
    if(changes)
      set(MOAT_DIRTY true)
    endif()
  endif()
endif()
configure_file(${INPUT} ${OUTPUT} @ONLY)
