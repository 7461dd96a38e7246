#!/bin/sh
# signpost with the Node that came with it.
SIGNPOST_PROGRAM=/usr/bin/signpost
export SIGNPOST_PROGRAM
exec /usr/lib/signpost/bin/node /usr/lib/signpost/dist/src/cli/main.js "$@"
