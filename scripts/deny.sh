#!/usr/bin/env bash
# Checks the dependencies against deny.toml with cargo-deny, which is built into .cache/ on first use.
#
# The advisories need their database, which lies in a git repository. Where it cannot be reached and no copy is there,
# the other checks run and the output says that the advisories were left out.
set -euo pipefail
cd "$(dirname "$0")/.."

version=0.20.2
folder="$PWD/.cache/cargo-deny"
binary="$folder/$version/bin/cargo-deny"

if [[ ! -x "$binary" ]]; then
  echo "building cargo-deny $version (once; kept in .cache/cargo-deny)"
  # Unoptimised: it runs for a second, and building it is what takes the time.
  CARGO_PROFILE_DEV_DEBUG=0 CARGO_TARGET_DIR="$folder/target" \
    cargo install cargo-deny --version "$version" --locked --profile dev --quiet --root "$folder/$version"
  rm -rf "$folder/target"
fi

"$binary" --all-features --locked check --hide-inclusion-graph bans licenses sources

if timeout 60 "$binary" --all-features --locked fetch db 2>/dev/null; then
  "$binary" --all-features --locked check --disable-fetch advisories
else
  echo "LEFT OUT: the advisory database cannot be reached from here; with it: make deny"
fi
