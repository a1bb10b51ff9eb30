#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: gpu_example_test.sh cuda|hip|triton MOAT ROOT FOLDER: the example compiles, loads where no GPU is, says what it
# solves, and is verified where one is.
set -euo pipefail
example=$1 moat=$2 root=$3 folder=$4
library=$folder/lib$example-example.so
source_folder=$root/examples/plugins/$example

skip() {
  echo "skipped: $1"
  exit 77
}

backend=$example case=softmax/f32/r64c1000
case $example in
  cuda)
    nvcc=$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)
    [[ -x $nvcc ]] || skip "no nvcc"
    "$nvcc" -O3 -std=c++17 -arch=sm_80 -shared -Xcompiler -fPIC,-Wall -I "$root/include" "$source_folder/softmax.cu" \
      -o "$library"
    ;;
  hip)
    if command -v hipcc > /dev/null; then
      compiler=(hipcc)
    elif command -v clang++-19 > /dev/null && [[ -e /usr/include/hip/hip_runtime.h ]]; then
      compiler=(clang++-19 -x hip --rocm-path=/usr --rocm-device-lib-path="$(dirname "$(find /usr/lib -name ockl.bc | head -1)")")
    else
      skip "no compiler of HIP"
    fi
    "${compiler[@]}" -O3 -std=c++17 --offload-arch=gfx90a -shared -fPIC -Wall -I "$root/include" \
      "$source_folder/softmax.hip" -o "$library" -lamdhip64
    ;;
  triton)
    python3 -c 'import triton' 2> /dev/null || skip "no Triton (pip install triton)"
    backend=cuda case=rmsnorm/f32/r64c1000
    python3 "$source_folder/compile.py" 80 "$folder/rmsnorm_cubin.h"
    c++ -O3 -std=c++17 -shared -fPIC -Wall -Wextra -I "$root/include" -I "$folder" "$source_folder/rmsnorm.cpp" -o "$library" -ldl
    ;;
esac

out=$("$moat" run --plugin "$library" --threads 1 --budget 0.1 --samples 10 --case "$case" --out "$folder/$example.json" \
  2>&1) && code=0 || code=$?
echo "$out"
if "$moat" list 2> /dev/null | grep -q "^ *$backend:0"; then
  grep -q "$backend/$example-" <<< "$out"
  [[ $code == 0 || $code == 6 ]]
else
  grep -q "it solves on $backend, and no such device takes part" <<< "$out"
fi
