#!/bin/sh
# Makes dist/signpost-VERSION-linux-ARCH.tar.xz: the tree of packaging/tree.sh in one folder, for systems without our package.
#   sh packaging/tar/build.sh [amd64|arm64]
# TREE names a tree that was made already.
set -eu
cd "$(dirname "$0")/../.."
case "$(uname -m)" in aarch64) here=arm64 ;; *) here=amd64 ;; esac
arch=${1:-$here}
version=$(node -p 'require("./package.json").version')
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH
umask 022
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
name=signpost-$version-linux-$arch
mkdir "$stage/$name"
if [ -n "${TREE:-}" ]; then cp -R "$TREE/." "$stage/$name/"; else sh packaging/tree.sh "$stage/$name" "$arch"; fi
mkdir -p dist
tar --create --directory "$stage" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --mode=u+w,go-w "$name" |
  xz "-${XZ_LEVEL:-6}" --threads=1 > "dist/$name.tar.xz"
echo "$PWD/dist/$name.tar.xz"
