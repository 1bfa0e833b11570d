#!/usr/bin/env bash
# The direction of dependencies: protocol ← storage ← engine ← gateway; loadtest sees protocol alone.
#
# engine knows the traits of storage, never a backend and never a socket. A check that cannot be made (a crate was
# renamed, the lock file is stale, cargo fails) is a failure, not a pass.
set -euo pipefail
cd "$(dirname "$0")/.."

members="protocol storage engine gateway loadtest"
failed=0

# tree_of PACKAGE → the names of all crates that it needs in a normal build, with its default features, for any target.
tree_of() {
  cargo tree --locked --package "$1" --edges normal --target all --prefix none --format '{p}' | awk '{ print $1 }' | sort -u
}

forbid() { # PACKAGE CRATE…
  local package="$1" crate names
  shift
  if ! names="$(tree_of "$package")"; then
    echo "the tree of $package could not be read" >&2
    exit 2
  fi
  if ! grep -qx "$package" <<<"$names"; then
    echo "the tree of $package does not even have $package: this check sees nothing" >&2
    exit 2
  fi
  for crate in "$@"; do
    if grep -qx "$crate" <<<"$names"; then
      echo "FORBIDDEN: $package depends on $crate:" >&2
      cargo tree --locked --package "$package" --edges normal --target all --invert "$crate" >&2
      failed=1
    else
      echo "$package does not depend on $crate"
    fi
  done
}

others() { # every member but those named
  local member
  for member in $members; do
    if [[ " $* " != *" $member "* ]]; then printf '%s ' "$member"; fi
  done
}

# Proof that the check can find something: the gateway is where the parts are put together.
gateway_tree="$(tree_of gateway)"
for crate in rusqlite actix-web engine storage protocol; do
  if ! grep -qx "$crate" <<<"$gateway_tree"; then
    echo "gateway does not depend on $crate: this check no longer sees what it looks for" >&2
    exit 2
  fi
done

# shellcheck disable=SC2046 # lists of words on purpose
{
  forbid protocol $(others protocol) rusqlite scylla actix actix-web tokio
  forbid storage $(others storage protocol) rusqlite scylla actix actix-web
  forbid engine $(others engine storage protocol) rusqlite scylla actix-web actix-http actix-server
  forbid loadtest $(others loadtest protocol) rusqlite scylla actix-web
}
exit "$failed"
