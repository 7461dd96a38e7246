#!/bin/sh
# signpost with the Node that came with it.
exec /usr/lib/signpost/bin/node /usr/lib/signpost/dist/src/cli/main.js "$@"
