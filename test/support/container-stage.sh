#!/bin/sh
# The image of packaging/container, built by an engine and run as compose.yaml says, beside the Postfix that is built there, by
# the commands of docs/install.md. The two images that the Containerfiles begin with are made of a bare Debian, since no registry
# is asked. All of it is in memory, and the network is one of its own once the images are built; prints what a test looks at.
#   unshare --mount --uts --pid --fork --kill-child sh container-stage.sh FOLDER CHECKOUT ROOT.tar
# FOLDER holds the page's commands, those before the key's record is published and those after it (before, after), and what
# compose.yaml says of a service, one option a line (signpost.options, postfix.options). NODE, NPM and NPM_CACHE name the Node, the folder of npm and its cache that the build stage has.
set -eu
folder=$1 checkout=$2 root=$3
here=$(cd "$(dirname "$0")" && pwd)
mount --make-rprivate /
mount -t proc proc /proc
mkdir "$folder/memory"
mount -t tmpfs -o size=4g tmpfs "$folder/memory"
mkdir "$folder/memory/tmp" "$folder/memory/bin"
export TMPDIR="$folder/memory/tmp" FOLDER="$folder" DISABLE_HC_SYSTEMD=true
# The engine, with what is different here: its folders, no systemd, the network of the stage, no more files than this root may open.
cat > "$folder/memory/bin/engine" <<ENGINE
#!/bin/sh
verb=\$1
shift
case "\$verb" in run) set -- --network host --ulimit nofile=8192:8192 --ulimit nproc=1000:1000 --log-driver k8s-file "\$@" ;; esac
exec $(command -v podman) --root "$folder/memory/storage" --runroot "$folder/memory/run" --tmpdir "$folder/memory/libpod" \\
  --cgroup-manager cgroupfs --events-backend none --runtime runc "\$verb" "\$@"
ENGINE
# What the page calls podman. "compose" is a program of its own there; its options here are what compose.yaml says.
cat > "$folder/memory/bin/podman" <<'PODMAN'
#!/bin/sh
set -eu
start() { # SERVICE IMAGE [OPTION...]
  service=$1 image=$2
  shift 2
  # shellcheck disable=SC2046 # an option a line, none with a blank
  engine run --detach --name "$service" "$@" $(eval "printf '%s\n' $(sed 's/.*/"&"/' "$FOLDER/$service.options" | tr '\n' ' ')") "$image"
}
case "$*" in
  "compose build") : ;; # it was done while there was a network
  "compose up --detach") start postfix localhost/postfix && start signpost localhost/signpost ;;
  *) exec engine "$@" ;;
esac
PODMAN
chmod 755 "$folder/memory/bin/"*
export PATH="$folder/memory/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin" LC_ALL=C
quietly() { "$@" > "$folder/output.log" 2>&1 || { echo "failed: $*"; cat "$folder/output.log"; exit 1; }; }

quietly engine import "$root" docker.io/library/debian:13-slim
mkdir "$folder/memory/base"
cat > "$folder/memory/base/Containerfile" <<'BASE'
FROM docker.io/library/debian:13-slim
RUN apt-get update && apt-get install --yes --no-install-recommends binutils ca-certificates libatomic1 libstdc++6
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && echo prefer-offline=true > /root/.npmrc
BASE
build() { quietly engine build --isolation chroot --layers=false --format docker --pull=never "$@"; }
build --tag docker.io/library/node:24-bookworm "$folder/memory/base"
build --volume "$NODE:/usr/local/bin/node:ro" --volume "$NPM:/usr/local/lib/node_modules/npm:ro" --volume "$NPM_CACHE:/root/.npm" \
  --file "$checkout/packaging/container/Containerfile" --tag localhost/signpost "$checkout"
build --file "$checkout/packaging/container/postfix/Containerfile" --tag localhost/postfix "$checkout/packaging/container/postfix"

mkdir -p "$folder/memory/page/packaging"
cp -R "$checkout/packaging/container" "$folder/memory/page/packaging/"
mkdir -m 777 "$folder/memory/mailbox"
cat > "$folder/memory/steps" <<'STEPS'
set -eu
say() { echo "== $*"; }
await() { # COMMAND...: true within a minute
  tries=0
  until "$@" > /dev/null 2>&1; do
    tries=$((tries + 1))
    [ $tries -lt 300 ] || { echo "never came true: $*"; engine logs postfix; engine logs signpost 2>&1; exit 1; }
    sleep 0.2
  done
}
arrived() { [ "$(cat "$FOLDER"/memory/mailbox/* 2> /dev/null | grep -c '^DKIM-Signature:')" -ge "$1" ]; }
logged() { engine logs signpost 2>&1 | grep -q "$1"; }
commands() { # FILE: each is said before it runs, and what it exports stays
  while read -r command; do
    say "$command"
    eval "$command" > "$FOLDER/output.log" 2>&1 < /dev/null || { echo "failed: $command"; cat "$FOLDER/output.log"; exit 1; }
  done < "$1"
}
smtp-sink -u nobody -d "$FOLDER/memory/mailbox/%M." 127.0.0.1:24 10 &
perl "$CHECKOUT/test/support/txt-server.pl" "$FOLDER/memory/records" &
cd "$FOLDER/memory/page"
commands "$FOLDER/before"
engine run --rm --volume ./config:/etc/signpost localhost/signpost showkeys --config /etc/signpost/signpost.yaml > "$FOLDER/memory/records"
commands "$FOLDER/after"

await engine healthcheck run signpost
say healthy
engine exec signpost sh -c 'tr "\0" " " < /proc/1/cmdline; echo; echo "user $(id -u) $(id -g)"; sed -n "/^CapBnd\|^CapEff\|^NoNewPrivs/p" /proc/1/status; for folder in / /usr/lib/signpost /etc /var/lib /run; do ! touch $folder/written || echo "written to: $folder"; done; touch /tmp/written' 2> /dev/null | sed 's/^/inside: /'
# In and out again by both containers: signed as a user's, then verified as a stranger's.
smtp-source -m 1 -f alice@example.org -t bob@example.org -S hello -M client.example.org 127.0.0.1:25
await arrived 1
cat "$FOLDER"/memory/mailbox/* > "$FOLDER/memory/signed"
smtp-source -m 1 -f alice@example.org -t bob@example.org -F "$FOLDER/memory/signed" -M client.example.net 192.0.2.1:25
await arrived 2
sed -n '/^Authentication-Results: /,/^[^ \t]/p' "$FOLDER"/memory/mailbox/* | grep -o 'dkim=[a-z]*' | sort -u | sed 's/^/verified: /'
logged ' ready on 127.0.0.1:10024, ' && say "the engine has the log"
engine kill --signal HUP signpost > /dev/null
await logged 'configuration reloaded'
say reloaded
engine stop signpost > /dev/null
logged ': stopped$' && say "ended with $(engine inspect --format '{{.State.ExitCode}}' signpost)"
engine stop postfix > /dev/null
say "Postfix ended with $(engine inspect --format '{{.State.ExitCode}}' postfix)"
engine rm --all --volumes > /dev/null
# Groups of processes that the engine leaves empty; another engine's are in use and stay.
find /sys/fs/cgroup -depth -type d -path '*/libpod_parent*' -exec rmdir {} + 2> /dev/null || true
say done
STEPS
hostname mail.example.org
printf '127.0.0.1 localhost mail.example.org\n' > "$folder/memory/hosts" && mount --bind "$folder/memory/hosts" /etc/hosts
printf 'nameserver 127.0.0.1\n' > "$folder/memory/resolv" && mount --bind "$folder/memory/resolv" /etc/resolv.conf
CHECKOUT=$checkout exec unshare --net sh -c 'ip link set lo up && ip address add 192.0.2.1/32 dev lo && exec sh "$FOLDER/memory/steps"'
