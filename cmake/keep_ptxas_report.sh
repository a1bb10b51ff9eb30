#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Compiler launcher: runs the command, keeps what it printed on stderr in OBJECT.ptxas (OBJECT is
# what -o names) and prints all of that but ptxas's resource lines.
object=
previous=
for argument; do
  if [ "$previous" = -o ]; then object=$argument; fi
  previous=$argument
done
if [ -z "$object" ]; then exec "$@"; fi

"$@" 2>"$object.ptxas"
status=$?
grep -Ev '^ptxas info +: (Compiling|Function|Used|Compile time|[0-9]+ bytes gmem)|^    [0-9]+ bytes stack|^$' \
  "$object.ptxas" >&2
exit $status
