#!/usr/bin/env bash
# Installs the libraries of a build, builds examples/embed against them as a stranger would, and runs it twice on one
# store.
#
#   build_and_run.sh BUILD_DIRECTORY [CXX_FLAGS]
set -euo pipefail

source=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd)
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT

cmake --install "$1" --prefix "$directory/pawl" --component library >/dev/null
cmake -G Ninja -S "$source/examples/embed" -B "$directory/build" -DCMAKE_PREFIX_PATH="$directory/pawl" \
  -DCMAKE_CXX_FLAGS="${2-}" -DCMAKE_CXX_COMPILER_LAUNCHER="$(command -v ccache || true)" >/dev/null
cmake --build "$directory/build" | tail -n 20
for run in 1 2; do
  output=$("$directory/build/embed" "$directory/store" || true)
  echo "$output"
  # The second run finds the name taken by an execution that has ended.
  case $run in
    1) [[ $output == *'SUCCEEDED: {"total":42,"receipt":{"paid":true}}'* ]] ;;
    2) [[ $output != *charging* ]] ;;
  esac
done
