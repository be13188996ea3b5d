#!/bin/sh
# Starts LiveOne in a container: an empty /data gets settings and an empty database first. Everything else is told
# by the environment (docs/how-to/container.md); words after it are a command: `podman exec liveone liveone doctor`.
set -eu
umask 077
data=${LIVEONE_DATA:-/data}
export LIVEONE_CONFIG="$data/liveone.toml"
if ! [ -w "$data" ]; then
  echo "liveone: $data cannot be written by user $(id -u): mount a volume there, or give the folder to it (chown $(id -u) FOLDER)" >&2
  exit 1
fi
cd "$data"
if ! [ -e "$LIVEONE_CONFIG" ]; then
  env -u LIVEONE_CONFIG liveone init "$data" ${LIVEONE_DATABASE_URL:+--database "$LIVEONE_DATABASE_URL"} >/dev/null
  echo "LiveOne: $data was empty and holds settings and a database now."
  if [ -z "${AUTH_PASSWORD:-}${AUTH_PASSWORD_FILE:-}" ]; then
    echo "LiveOne: the password to sign in was made up: it is auth_password in $data/secrets.toml"
  fi
fi
[ $# -gt 0 ] || set -- serve
case $1 in
  liveone) shift ;;
esac
exec liveone "$@"
