#!/bin/sh
# Where no systemd runs: starts what a unit's ExecStart= says, as its User= and with its folders, and ends it by its pid.
#   systemctl enable|disable|start|stop|restart|reload [--now] NAME; daemon-reload does nothing
set -eu
verb=$1
shift
now=no
[ "${1:-}" != --now ] || { now=yes; shift; }
name=${1:-}
pidfile=/run/stand-in-$name.pid log=/tmp/$name.log

unit() {
  for folder in /etc/systemd/system /usr/lib/systemd/system; do
    [ ! -e "$folder/$name.service" ] || { echo "$folder/$name.service"; return; }
  done
  echo "Failed to $verb unit: Unit file $name.service does not exist." >&2
  exit 5
}

value() { sed -n "s/^$1=//p" "$file"; }

start() {
  file=$(unit)
  user=$(value User)
  for folder in $(value RuntimeDirectory | sed 's,^,/run/,') $(value StateDirectory | sed 's,[^ ]*,/var/lib/&,g'); do
    mkdir -p "$folder"
    chown "$user:" "$folder"
  done
  : > "$log"
  run
  until grep -q ' ready on ' "$log"; do
    # Restart=always, but for a configuration that cannot be used (RestartPreventExitStatus=78).
    kill -0 "$(cat "$pidfile")" 2>/dev/null || {
      [ "$(grep -c 'not started' "$log")" -lt 3 ] && ! grep -q 'error: ' "$log" || { cat "$log" >&2; exit 1; }
      run
    }
    sleep 0.1
  done
}

run() {
  # shellcheck disable=SC2046 # the words of ExecStart= are words here
  setpriv --reuid="$user" --regid="$user" --init-groups env -i "PATH=$PATH" "RUNTIME_DIRECTORY=/run/$name" $(value ExecStart) \
    >> "$log" 2>&1 < /dev/null &
  echo $! > "$pidfile"
}

stop() {
  [ -e "$pidfile" ] || return 0
  kill -TERM "$(cat "$pidfile")" 2>/dev/null || true
  while kill -0 "$(cat "$pidfile")" 2>/dev/null; do sleep 0.05; done
  rm "$pidfile"
}

case $verb in
  daemon-reload) ;;
  enable) unit > /dev/null; [ $now = no ] || start ;;
  disable) unit > /dev/null; [ $now = no ] || stop ;;
  start) start ;;
  stop) stop ;;
  restart) stop; start ;;
  reload) file=$(unit); eval "$(value ExecReload)" ;;
  *) echo "systemctl $verb: not here" >&2; exit 1 ;;
esac
