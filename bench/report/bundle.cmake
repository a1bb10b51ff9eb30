# SPDX-License-Identifier: Apache-2.0
# Installs the locked packages beside OUTPUT and bundles them; NOTICES gets the licences of what is in the
# bundle. Offline, or if npm fails, both are empty, and the report says that it has no charts.
get_filename_component(folder ${OUTPUT} DIRECTORY)
set(work ${folder}/npm)
file(COPY ${PAGE}/package.json ${PAGE}/package-lock.json ${PAGE}/charts.js ${PAGE}/notices.mjs
  DESTINATION ${work})
execute_process(
  COMMAND ${NPM} ci --no-audit --no-fund --ignore-scripts --prefer-offline
  WORKING_DIRECTORY ${work} RESULT_VARIABLE failed OUTPUT_QUIET ERROR_VARIABLE errors)
if(NOT failed)
  execute_process(
    COMMAND ${work}/node_modules/.bin/esbuild charts.js --bundle --minify --format=iife
      --charset=ascii --legal-comments=eof --metafile=${work}/bundle.json --outfile=${OUTPUT}.tmp
    WORKING_DIRECTORY ${work} RESULT_VARIABLE failed OUTPUT_QUIET ERROR_VARIABLE errors)
endif()
if(NOT failed)
  execute_process(
    COMMAND node notices.mjs ${work}/bundle.json ${NOTICES}.tmp
    WORKING_DIRECTORY ${work} RESULT_VARIABLE failed OUTPUT_QUIET ERROR_VARIABLE errors)
endif()
if(failed)
  message(WARNING "npm could not bundle the chart library; reports will have no charts:\n${errors}")
  file(WRITE ${OUTPUT} "")
  file(WRITE ${NOTICES} "")
else()
  # "</script" in the code would end the page's script element.
  file(READ ${OUTPUT}.tmp text)
  string(REPLACE "</script" "<\\/script" text "${text}")
  file(WRITE ${OUTPUT} "${text}")
  file(RENAME ${NOTICES}.tmp ${NOTICES})
endif()
