#!/bin/sh
# Installs the Debian packages that the interop tests talk to, their services not started.
# Needs root on Debian; elsewhere it says what is missing, and the interop tests skip with that reason.
# With CI=true a failed installation fails the run.
set -u
packages="adduser iproute2 libatomic1 postfix swaks opendkim opendkim-tools miltertest libmail-dkim-perl python3-dkim prometheus logwatch groff-base systemd logrotate haproxy redis-server openssl wabt lintian binutils binutils-aarch64-linux-gnu qemu-user-static libstdc++6-arm64-cross libatomic1-arm64-cross mmdebstrap podman runc python3 zsh amavisd-new file clamav-daemon clamav-testfiles mpack ripmime uudeview spamassassin spamd rspamd"

missing=""
for package in $packages; do
  dpkg-query -W -f='${Status}\n' "$package" 2>/dev/null | grep -q '^install ok installed$' || missing="$missing $package"
done
[ -z "$missing" ] && { echo "interop: all Debian packages are there"; exit 0; }

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  echo "interop: not root on Debian, so these stay missing and their tests skip:$missing"
  exit 0
fi

echo "interop: installing Debian packages, services not started:$missing"
# A policy-rc.d that answers 101 keeps maintainer scripts from starting services; ours goes away afterwards.
policy=/usr/sbin/policy-rc.d
ours=""
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy" && ours=yes
fi
log=$(mktemp)
export DEBIAN_FRONTEND=noninteractive
{ apt-get update && apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1 </dev/null
status=$?
[ -n "$ours" ] && rm -f "$policy"
if [ "$status" != 0 ]; then
  tail -n 20 "$log"
  echo "interop: apt-get failed ($status)"
fi
rm -f "$log"
[ "${CI:-}" = true ] && exit "$status"
exit 0
