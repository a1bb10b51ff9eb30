# Installs the locked packages beside OUTPUT and bundles them. Offline, or if npm fails, the bundle is
# empty, and the report says that it has no charts.
get_filename_component(folder ${OUTPUT} DIRECTORY)
set(work ${folder}/npm)
file(COPY ${PAGE}/package.json ${PAGE}/package-lock.json ${PAGE}/charts.js DESTINATION ${work})
execute_process(
  COMMAND ${NPM} ci --no-audit --no-fund --ignore-scripts --prefer-offline
  WORKING_DIRECTORY ${work} RESULT_VARIABLE failed OUTPUT_QUIET ERROR_VARIABLE errors)
if(NOT failed)
  execute_process(
    COMMAND ${work}/node_modules/.bin/esbuild charts.js --bundle --minify --format=iife
      --charset=ascii --legal-comments=none --outfile=${OUTPUT}.tmp
    WORKING_DIRECTORY ${work} RESULT_VARIABLE failed OUTPUT_QUIET ERROR_VARIABLE errors)
endif()
if(failed)
  message(WARNING "npm could not bundle the chart library; reports will have no charts:\n${errors}")
  file(WRITE ${OUTPUT} "")
else()
  # "</script" in the code would end the page's script element.
  file(READ ${OUTPUT}.tmp text)
  string(REPLACE "</script" "<\\/script" text "${text}")
  file(WRITE ${OUTPUT} "${text}")
endif()
