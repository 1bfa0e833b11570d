#!/usr/bin/env bash
# scripts/cql/sweep.sh HOST[:PORT] : reads names of keyspaces, one a line, until whoever writes them has ended, and drops them then.
#
# Test programs start it and tell it what they make: servers of tests are small, and the tables of many programs are more than they hold.
set -euo pipefail

# shellcheck source=scripts/cql/wire.sh
source "$(dirname "${BASH_SOURCE[0]}")/wire.sh"

port=9042
if [[ "$1" == *:* ]]; then port="${1##*:}"; fi
mapfile -t keyspaces
for keyspace in "${keyspaces[@]}"; do
  # A server that is busy answers late; dropped is what it says has been.
  for _ in {1..5}; do
    mapfile -t reply < <(cql_answer "${1%:*}" "$port" "DROP KEYSPACE IF EXISTS $keyspace")
    if [[ "${reply[0]:-}" -eq 8 ]]; then break; fi
  done
done
