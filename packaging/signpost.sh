#!/bin/sh
# signpost with the Node that came with it, wherever the two were unpacked; `print-unit` names the path it was called by.
SIGNPOST_PROGRAM=$0
export SIGNPOST_PROGRAM
here=$(dirname "$(readlink -f "$0")")
exec "$here/../lib/signpost/bin/node" "$here/../lib/signpost/dist/src/cli/main.js" "$@"
