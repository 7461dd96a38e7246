#!/bin/sh
# A mail server's whole time with the package: install, set up, sign and verify, upgrade under load, remove, purge. Runs in a
# copy of this system that is thrown away (an overlay in memory), with a network of its own, and prints what a test looks at.
#   unshare --mount --net --uts --pid --fork --kill-child sh debian-root.sh FOLDER OLD.deb NEW.deb
set -eu
folder=$1 old=$2 new=$3
mount --make-rprivate /
mount -t tmpfs -o size=1500m tmpfs "$folder"
mkdir "$folder/upper" "$folder/work" "$folder/root"
mount -t overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" overlay "$folder/root"
root=$folder/root
cp "$old" "$root/old.deb"
cp "$new" "$root/new.deb"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
ip link set lo up
printf '127.0.0.1 localhost mx.example.org\n' > "$root/etc/hosts"
printf 'nameserver 127.0.0.1\n' > "$folder/resolv" && mount --bind "$folder/resolv" "$root/etc/resolv.conf"
hostname mx.example.org 2>/dev/null || true
cat > "$root/steps" <<'STEPS'
set -eu
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH LC_ALL=C DEBIAN_FRONTEND=noninteractive
say() { echo "== $*"; }
await() { # COMMAND...: true within ten seconds
  tries=0
  until "$@" >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ $tries -lt 200 ] || { echo "never came true: $*"; cat /tmp/daemon.log /var/log/postfix.log; exit 1; }
    sleep 0.05
  done
}
mails() { [ "$(grep -c '^From ' /var/mail/bob)" -ge "$1" ]; }

cp /usr/share/postfix/main.cf.debian /etc/postfix/main.cf
cp /usr/share/postfix/master.cf.dist /etc/postfix/master.cf
: > /etc/aliases && postalias /etc/aliases
postconf -e myhostname=mx.example.org "mydestination = example.org" mynetworks=127.0.0.1/32 inet_interfaces=loopback-only \
  inet_protocols=ipv4 maillog_file=/var/log/postfix.log compatibility_level=3.6 smtp_dns_support_level=disabled \
  alias_maps=hash:/etc/aliases minimal_backoff_time=1s maximal_backoff_time=2s queue_run_delay=1s in_flow_delay=0
cp /etc/postfix/main.cf /etc/postfix/master.cf /root/
useradd bob
say install
dpkg --force-unsafe-io -i /old.deb
say init
signpost init example.org
sed -i 's,^mynetworks: .*,mynetworks: [127.0.0.1/32],; s,^#dns: .*,dns: { timeout: 1s },' /etc/signpost/signpost.yaml
signpost check-config
say postfix
signpost postfix --apply
postfix start
(signpost start 2>> /tmp/daemon.log; echo "ended $?" >> /tmp/daemon.log) &
await signpost status --once --interval 0.1
say sign
smtp-source -m 1 -f alice@example.org -t bob@example.org -S signed -M client.example.org 127.0.0.1:25
await mails 1
say verify
swaks --server 127.0.0.1 --local-interface 127.0.0.3 --from carol@example.net --to bob@example.org --helo client.example.net > /tmp/swaks.log
await mails 2
sed -n '/^Return-Path: <carol/,/^Subject/p' /var/mail/bob | grep -A1 '^Authentication-Results' | tr -d '\n\t' && echo
say upgrade
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
dpkg --force-unsafe-io -i /new.deb | grep '^signpost: ' | sed 's/^/== /'
# The package had the running daemon hand over to the new version.
await signpost status --once --interval 0.1
touch /tmp/enough
wait $load
[ ! -e /tmp/refused ] && say "nothing refused"
sent=$(cat /tmp/sent)
await mails $((sent + 2))
[ "$(grep -c '^From ' /var/mail/bob)" = $((sent + 2)) ] && say "nothing lost, nothing twice"
[ "$(grep -c '^DKIM-Signature:' /var/mail/bob)" = $((sent + 1)) ] && say "all signed"
say "owner $(stat -c '%U:%G %a' /var/lib/signpost/keys/example.org/s1.pem /etc/signpost/signpost.yaml | tr '\n' ' ')"
say "user $(ps -o user= -p "$(pgrep -n -f 'dist/src/cli/main.js start')")"
say remove
signpost postfix --undo
cmp /root/main.cf /etc/postfix/main.cf && cmp /root/master.cf /etc/postfix/master.cf && say "postfix as before"
for pid in $(pgrep -f 'dist/src/cli/main.js start'); do kill -TERM "$pid"; done
dpkg -r signpost
[ -e /etc/signpost/signpost.yaml ] && [ ! -e /usr/bin/signpost ] && say "configuration kept"
dpkg --purge signpost
[ ! -e /etc/signpost ] && [ -e /var/lib/signpost/keys/example.org/s1.pem ] && [ -e /var/lib/signpost/keys/README ] && say "keys kept"
find /etc /usr /var/lib /var/log -path /var/lib/dpkg -prune -o -name '*signpost*' -print | sed 's/^/left: /'
postfix stop
say done
STEPS
exec chroot "$root" sh /steps
