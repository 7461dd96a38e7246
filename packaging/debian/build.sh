#!/bin/sh
# Makes dist/signpost_VERSION_ARCH.deb out of a clean checkout: the tree of packaging/tree.sh below /usr, and what Debian
# wants around it. Two builds of one commit are the same, octet for octet.
#   sh packaging/debian/build.sh [amd64|arm64]
# TREE names a tree that was made already; XZ_LEVEL=none packs nothing smaller.
set -eu
cd "$(dirname "$0")/../.."
top=$PWD
arch=${1:-$(dpkg --print-architecture)}
version=$(node -p 'require("./package.json").version')
# Every file gets the time of the commit; outside a checkout the builder says it.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH
umask 022

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
root=$stage/root
share=$root/usr/share
mkdir -p "$root/usr" "$root/DEBIAN"
if [ -n "${TREE:-}" ]; then cp -R "$TREE/." "$root/usr/"; else sh packaging/tree.sh "$root/usr" "$arch"; fi
install -m 755 packaging/debian/signpost.sh "$root/usr/bin/signpost"
rm -f "$share/doc/signpost/LICENSE"

# What stands around it.
install -D -m 644 packaging/systemd/signpost.sysusers "$root/usr/lib/sysusers.d/signpost.conf"
install -D -m 644 packaging/systemd/signpost.tmpfiles "$root/usr/lib/tmpfiles.d/signpost.conf"
sed 's,/usr/local/bin/signpost,/usr/bin/signpost,' packaging/systemd/signpost.service > "$stage/unit"
install -D -m 644 "$stage/unit" "$root/usr/lib/systemd/system/signpost.service"
install -D -m 644 packaging/systemd/signpost.socket "$root/usr/lib/systemd/system/signpost.socket"
install -D -m 644 packaging/default/signpost "$root/etc/default/signpost"
install -D -m 644 packaging/logrotate/signpost "$root/etc/logrotate.d/signpost"
install -D -m 644 packaging/logcheck/signpost "$root/etc/logcheck/ignore.d.server/signpost"
install -D -m 644 packaging/rsyslog/signpost.conf "$share/doc/signpost/examples/rsyslog.conf"
# Not the configuration: `signpost init` writes it, and what an administrator wrote is no question at an upgrade.
install -d "$root/etc/signpost"
doc=$share/doc/signpost
date=$(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")
printf 'signpost (%s) unstable; urgency=medium\n\n  * CHANGELOG.md.gz says what is new.\n\n -- signpost contributors <maintainers@signpost.example>  %s\n' \
  "$version" "$date" | gzip -9n > "$doc/changelog.gz"
install -D -m 644 packaging/debian/lintian-overrides "$share/lintian/overrides/signpost"
cp packaging/debian/copyright "$doc/copyright"

size=$(du -sk --apparent-size "$root" | cut -f1)
sed -e "s/@VERSION@/$version/; s/@ARCH@/$arch/; s/@SIZE@/$size/" packaging/debian/control > "$root/DEBIAN/control"
cp packaging/debian/conffiles "$root/DEBIAN/"
for script in postinst prerm postrm; do install -m 755 "packaging/debian/$script" "$root/DEBIAN/$script"; done
find "$root" -type d -exec chmod 755 {} +
find "$root/usr" -type f ! -perm -u+x -exec chmod 644 {} +
(cd "$root" && find usr etc -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum > DEBIAN/md5sums)
find "$root" -newermt "@$SOURCE_DATE_EPOCH" -print0 | xargs -0 -r touch -h -d "@$SOURCE_DATE_EPOCH"

mkdir -p "$top/dist"
deb=$top/dist/signpost_${version}_$arch.deb
case "${XZ_LEVEL:=6}" in none) compression=-Znone ;; *) compression="-Zxz -z$XZ_LEVEL" ;; esac
# shellcheck disable=SC2086 # two options
dpkg-deb --root-owner-group $compression --build "$root" "$deb" >/dev/null
echo "$deb"
