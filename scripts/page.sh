#!/usr/bin/env bash
# Builds the page at / from gateway/web into gateway/web/dist; gateway/build.rs embeds it. Without Node.js the program builds too, and the page
# says what is missing.
#
#   scripts/page.sh         builds it, where something has changed since
#   scripts/page.sh check   types, lint and format
#   scripts/page.sh test    the unit tests of its logic
set -euo pipefail
cd "$(dirname "$0")/../gateway/web"

without_page() {
  echo "$1: the page at / will say so; everything else works" >&2
  exit 0
}

# Whether anything is newer than what was built.
is_old() {
  [[ ! -f dist/index.html ]] ||
    [[ -n "$(find src build index.html package-lock.json tsconfig.json vite.config.ts -newer dist/index.html -print -quit)" ]]
}

if ! command -v npm >/dev/null; then without_page "Node.js is not there"; fi
node_version="$(node --version)"
if [[ "$(printf '%s\n20.19\n' "${node_version#v}" | sort -V | head -n 1)" != 20.19 ]]; then
  without_page "Node.js $node_version is older than 20.19"
fi
if [[ ! -f node_modules/.installed || package-lock.json -nt node_modules/.installed ]]; then
  echo "npm ci: the packages of gateway/web/package-lock.json"
  npm ci --ignore-scripts --no-audit --no-fund || without_page "its packages can't be fetched"
  touch node_modules/.installed
fi

case "${1:-build}" in
  build)
    if ! is_old; then exit 0; fi
    rm -rf dist/assets dist/index.html*
    npm run --silent build
    ;;
  check) npm run --silent check ;;
  test) npm run --silent test ;;
  *)
    echo "usage: page.sh [build|check|test]" >&2
    exit 2
    ;;
esac
