#!/usr/bin/env bash
# Every path that README.md and ARCHITECTURE.md name in backticks or as a link exists in the repository.
#
# A word in backticks counts as a path when it has a slash, starts like one of the repository's folders or is a file
# name with a known ending, and holds neither spaces nor placeholders. Addresses (/healthz, http://…) are not paths.
set -euo pipefail
cd "$(dirname "$0")/.."

folders="$(git ls-files | sed -n 's|/.*||p' | sort -u | paste -sd'|')"
if [[ -z "$folders" ]]; then
  echo "git lists no files here: nothing could be checked" >&2
  exit 2
fi

failed=0
checked=0
for document in README.md ARCHITECTURE.md; do
  if [[ ! -f "$document" ]]; then
    echo "$document does not exist" >&2
    failed=1
    continue
  fi
  # Code blocks are left out: what stands there is commands, not a map.
  text="$(awk '/^ *```/ { inside = !inside; next } !inside' "$document")"
  paths="$({
    grep -oE '`[^` ]+`' <<<"$text" | tr -d '`' || true
    grep -oE '\]\([^) ]+\)' <<<"$text" | sed -E 's/^\]\(|\)$//g; s/#.*//' || true
  } | grep -E "^(\./)?(($folders)/|[A-Za-z_.-]+\.(md|toml|rs|sh|sql|yml|json)$)" | grep -vE '[{<*$…]' | sed -E 's/:[0-9]+$//' | sort -u || true)"
  while IFS= read -r path; do
    [[ -z "$path" ]] && continue
    checked=$((checked + 1))
    if [[ ! -e "$path" ]] && ! compgen -G "*/$path" >/dev/null; then
      echo "$document names $path, which does not exist" >&2
      failed=1
    fi
  done <<<"$paths"
done
echo "$checked paths checked"
if [[ "$checked" -eq 0 ]]; then
  echo "no path found: the check sees nothing" >&2
  exit 2
fi
exit "$failed"
