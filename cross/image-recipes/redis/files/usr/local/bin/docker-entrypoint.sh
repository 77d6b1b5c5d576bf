#!/bin/sh
# Arguments that are options, or a configuration file, are for the server; anything else is a command to run instead.
set -e
case "${1:-}" in
  -* | *.conf | "") set -- redis-server "$@" ;;
esac
exec "$@"
