#!/bin/sh
# A mail server's whole time with the package, by the commands of docs/install.md in their order: install, set up, sign and
# verify, upgrade under load, roll back, remove, purge. Runs in a root that is thrown away, with a network of its own, and
# prints what a test looks at.
#   unshare --mount --uts --pid --fork --kill-child sh debian-root.sh FOLDER [ROOT.tar]
# FOLDER holds old.deb, new.deb and the blocks of commands 1, 2, 3, 4. ROOT.tar is a bare Debian, whose mirror is reached for
# Postfix and what the package depends on; without one the root is a copy of this system, in memory.
set -eu
folder=$1 tar=${2:-}
here=$(cd "$(dirname "$0")" && pwd)
mount --make-rprivate /
mkdir -p "$folder/memory"
mount -t tmpfs -o size=2g tmpfs "$folder/memory"
root=$folder/memory/root
mkdir "$root"
if [ -n "$tar" ]; then
  tar -xf "$tar" -C "$root" --exclude=./dev/*
else
  mkdir "$folder/memory/upper" "$folder/memory/work"
  mount -t overlay -o "lowerdir=/,upperdir=$folder/memory/upper,workdir=$folder/memory/work" overlay "$root"
fi
mkdir -p "$root/packages"
cp "$folder"/*.deb "$folder"/[0-9] "$here/txt-server.pl" "$root/packages/"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d" && chmod 755 "$root/usr/sbin/policy-rc.d"
printf 'APT::Get::Assume-Yes "true";\nDpkg::Use-Pty "false";\nDpkg::Options { "--force-unsafe-io"; };\n' > "$root/etc/apt/apt.conf.d/99test"
# No systemd is process 1 here: what it would do is done by hand, in as few words, where apt's PATH finds it.
cat > "$root/usr/bin/systemctl" <<'SYSTEMCTL'
#!/bin/sh
echo "systemctl $*" >> /tmp/systemctl.log
case "$*" in
  "-q is-active"*) exit 3 ;;
  "enable --now signpost") (signpost start 2>> /tmp/daemon.log; echo "ended $?" >> /tmp/daemon.log) > /dev/null & ;;
esac
SYSTEMCTL
chmod 755 "$root/usr/bin/systemctl"
export LC_ALL=C DEBIAN_FRONTEND=noninteractive PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin
if [ -n "$tar" ]; then
  cat /etc/resolv.conf > "$folder/memory/resolv" && mount --bind "$folder/memory/resolv" "$root/etc/resolv.conf" 2>/dev/null ||
    cp "$folder/memory/resolv" "$root/etc/resolv.conf"
  # What the package depends on is fetched while there is a network; apt takes it from its cache afterwards.
  for what in "install --no-install-recommends postfix" "--download-only install /packages/old.deb"; do
    # shellcheck disable=SC2086 # several arguments
    chroot "$root" apt-get -q $what > "$folder/apt.log" 2>&1 || { cat "$folder/apt.log" >&2; exit 1; }
  done
fi
cat > "$root/steps" <<'STEPS'
set -eu
say() { echo "== $*"; }
await() { # COMMAND...: true within a minute
  tries=0
  until "$@" >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ $tries -lt 1200 ] || { echo "never came true: $*"; cat /tmp/*.log /var/log/postfix.log; exit 1; }
    sleep 0.05
  done
}
mails() { [ "$(grep -c '^From ' /var/mail/bob)" -ge "$1" ]; }
daemons() {
  for process in /proc/[0-9]*; do
    if tr '\0' ' ' < "$process/cmdline" 2>/dev/null | grep -q 'dist/src/cli/main.js start'; then echo "${process#/proc/}"; fi
  done
}
gone() { [ -z "$(daemons)" ]; }
commands() { # BLOCK [GREP OPTION... PATTERN]: those of docs/install.md, each said before it runs
  block=/packages/$1
  shift
  if [ $# -gt 0 ]; then grep "$@" < "$block" > /tmp/block; else cp "$block" /tmp/block; fi
  while read -r command; do
    say "$command"
    sh -c "$command" > /tmp/output.log 2>&1 < /dev/null || { echo "failed: $command"; cat /tmp/output.log; exit 1; }
    case $command in apt*) grep '^signpost' /tmp/output.log | sed 's/^/said: /' || true ;; esac
  done < /tmp/block
}

cp /usr/share/postfix/main.cf.debian /etc/postfix/main.cf
cp /usr/share/postfix/master.cf.dist /etc/postfix/master.cf
: > /etc/aliases && postalias /etc/aliases
postconf -e myhostname=mx.example.org "mydestination = example.org" mynetworks=127.0.0.1/32 inet_interfaces=all \
  inet_protocols=ipv4 maillog_file=/var/log/postfix.log compatibility_level=3.6 smtp_dns_support_level=disabled \
  smtpd_peername_lookup=no alias_maps=hash:/etc/aliases minimal_backoff_time=1s maximal_backoff_time=2s queue_run_delay=1s in_flow_delay=0
cp /etc/postfix/main.cf /etc/postfix/master.cf /root/
useradd bob
postfix start
perl /packages/txt-server.pl /tmp/records &
# Up to the key's record, which init prints, nothing can be published.
commands 1 -v 'systemctl\|testkeys'
signpost showkeys > /tmp/records
commands 1 'systemctl\|testkeys'
await signpost status --once --interval 0.1
smtp-source -m 1 -f alice@example.org -t bob@example.org -S signed -M client.example.org 127.0.0.1:25
await mails 1
# The same, from an address that is none of ours: what was signed is verified.
sed '1d; /^\(Return-Path\|X-Original-To\|Delivered-To\): /d' /var/mail/bob > /tmp/signed
smtp-source -m 1 -f alice@example.org -t bob@example.org -F /tmp/signed -M client.example.net 192.0.2.1:25
await mails 2
sed -n '/^Authentication-Results: /,/^[^ \t]/p' /var/mail/bob | grep -o 'dkim=[a-z]*' | sort -u | sed 's/^/verified: /'
# Mail comes all the while; smtp-source ends with an error when a connection is refused.
load() {
  sent=0
  until [ -e /tmp/enough ]; do
    smtp-source -m 5 -f alice@example.org -t bob@example.org -S load 127.0.0.1:25 || { echo refused > /tmp/refused; return; }
    sent=$((sent + 5))
    echo $sent > /tmp/sent
  done
}
load &
load=$!
commands 2
# The package had the running daemon hand over to the new version.
await signpost status --once --interval 0.1
commands 3
await signpost status --once --interval 0.1
touch /tmp/enough
wait $load
[ ! -e /tmp/refused ] && say "nothing refused"
sent=$(cat /tmp/sent)
await mails $((sent + 2))
[ "$(grep -c '^From ' /var/mail/bob)" = $((sent + 2)) ] && say "nothing lost, nothing twice"
# One was sent on with the signature that it came with.
[ "$(grep -c '^DKIM-Signature:' /var/mail/bob)" = $((sent + 2)) ] && say "all signed"
say "owner $(stat -c '%U:%G %a' /var/lib/signpost/keys/example.org/s1.pem /etc/signpost/signpost.yaml | tr '\n' ' ')"
say "user $(for pid in $(daemons); do stat -c %U /proc/$pid; done | sort -u)"
commands 4 -- '--undo'
cmp /root/main.cf /etc/postfix/main.cf && cmp /root/master.cf /etc/postfix/master.cf && say "postfix as before"
for pid in $(daemons); do kill -TERM "$pid"; done
await gone
commands 4 'apt remove'
[ -e /etc/signpost/signpost.yaml ] && [ -e /etc/default/signpost ] && [ ! -e /usr/bin/signpost ] && say "configuration kept"
# Where systemd runs: what was removed and is installed again starts again, but not with a configuration that does not pass.
mkdir -p /run/systemd/system /etc/systemd/system/multi-user.target.wants
ln -s /usr/lib/systemd/system/signpost.service /etc/systemd/system/multi-user.target.wants/
again() { # ARGUMENT... of apt: what the package says, and asks systemd for
  : > /tmp/systemctl.log
  apt "$@" > /tmp/output.log 2>&1 < /dev/null || { cat /tmp/output.log; exit 1; }
  say "$* $(grep -h '^signpost:' /tmp/output.log || true) $(grep -v daemon-reload /tmp/systemctl.log | tr '\n' ';')"
}
again install /packages/old.deb
echo 'nonsense: 1' >> /etc/signpost/signpost.yaml
again install /packages/new.deb
again remove signpost
rmdir /run/systemd/system
commands 4 'apt purge'
[ ! -e /etc/signpost ] && [ -e /var/lib/signpost/keys/example.org/s1.pem ] && [ -e /var/lib/signpost/keys/README ] && say "keys kept"
find /etc /usr /var/lib /var/log -path /var/lib/dpkg -prune -o -path /var/lib/apt -prune -o -name '*signpost*' -print | sed 's/^/left: /'
postfix stop
say done
STEPS
hostname mx.example.org 2>/dev/null || true
printf '127.0.0.1 localhost mx.example.org\n' > "$root/etc/hosts"
printf 'nameserver 127.0.0.1\n' > "$folder/memory/own" && mount --bind "$folder/memory/own" "$root/etc/resolv.conf"
exec unshare --net sh -c 'ip link set lo up && ip address add 192.0.2.1/32 dev lo && exec chroot "$1" sh /steps' sh "$root"
