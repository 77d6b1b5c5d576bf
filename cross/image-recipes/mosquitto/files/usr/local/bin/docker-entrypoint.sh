#!/bin/sh
# Arguments that are options are for the broker; anything else is a command to run instead.
set -e
case "${1:-}" in
  -* | "") set -- mosquitto "$@" ;;
esac
exec "$@"
