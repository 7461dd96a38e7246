#!/bin/sh
# A copy of this system that is thrown away (an overlay in memory), with a network, processes and a host name of its own, in
# which the steps of a file are run. The checkout is at /checkout there, and `signpost` is what it holds; `systemctl` does what
# the pages ask of it.
#   unshare --mount --net --uts --pid --fork --kill-child sh throwaway-root.sh FOLDER CHECKOUT STEPS
set -eu
folder=$1/stage checkout=$2 steps=$3
mkdir "$folder"
mount --make-rprivate /
mount -t tmpfs -o size=1500m tmpfs "$folder"
mkdir "$folder/upper" "$folder/work" "$folder/root"
mount -t overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" overlay "$folder/root"
root=$folder/root
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/run"
mkdir "$root/checkout" "$root/published"
mount --bind "$checkout" "$root/checkout"
cp "$steps" "$root/steps"
ip link set lo up
printf '127.0.0.1 localhost mx.example.org\n' > "$root/etc/hosts"
printf 'nameserver 127.0.0.1\n' > "$folder/resolv" && mount --bind "$folder/resolv" "$root/etc/resolv.conf"
hostname mx.example.org 2>/dev/null || true
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mkdir -p "$root/usr/local/bin" "$root/usr/local/sbin"
cat > "$root/usr/local/bin/signpost" <<'SIGNPOST'
#!/bin/sh
export NODE_COMPILE_CACHE=/tmp/compiled
exec /checkout/node_modules/.bin/node /checkout/src/cli/main.ts "$@"
SIGNPOST
cp "$checkout/test/support/stand-in-systemctl.sh" "$root/usr/local/bin/systemctl"
# As one who ran it before has it: loading takes a tenth.
[ ! -d "$checkout/node_modules/.cache/compiled" ] || cp -a "$checkout/node_modules/.cache/compiled" "$root/tmp/compiled"
chmod 755 "$root/usr/local/bin/signpost" "$root/usr/local/bin/systemctl"
exec chroot "$root" env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C HOME=/root DEBIAN_FRONTEND=noninteractive \
  sh -eu /steps
