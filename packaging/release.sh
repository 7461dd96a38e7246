#!/bin/sh
# Makes all that a release is, in dist/: Debian packages, tarballs, the npm package, the bill of materials, checksums.
#   sh packaging/release.sh [ARCH...]     amd64 and arm64 where none are named
set -eu
cd "$(dirname "$0")/.."
version=$(node -p 'require("./package.json").version')
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH
umask 022
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
mkdir -p dist
bill=signpost-$version.cdx.json
npm sbom --omit=dev --sbom-format cyclonedx | node packaging/sbom.mjs > "dist/$bill"
files=$bill
for arch in ${*:-amd64 arm64}; do
  sh packaging/tree.sh "$stage/$arch" "$arch"
  TREE=$stage/$arch sh packaging/debian/build.sh "$arch"
  TREE=$stage/$arch sh packaging/tar/build.sh "$arch"
  files="$files signpost_${version}_$arch.deb signpost-$version-linux-$arch.tar.xz"
done
# npm packs the modes that files have here, and a clone has them from its maker's umask.
git ls-files -z | xargs -0 chmod u=rwX,go=rX
npm pack --silent --pack-destination dist >/dev/null
(cd dist && sha256sum $files "signpost-$version.tgz" > SHA256SUMS && cat SHA256SUMS)
