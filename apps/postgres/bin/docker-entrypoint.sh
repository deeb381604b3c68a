#!/bin/sh
# The entrypoint by the name it has in the official image.
exec node "$(dirname "$0")/../../../app/main.cjs" "$@"
