#!/usr/bin/env bash
# Fetches the JavaScript SDK that the page at / uses; gateway/build.rs embeds it. Without Node.js the program builds too, and the page says
# what is missing.
set -euo pipefail
cd "$(dirname "$0")/../gateway/web"

if ! command -v npm >/dev/null; then
  echo "Node.js is not there: the page at / will say so; everything else works" >&2
  exit 0
fi
if [[ ! -f node_modules/.installed || package-lock.json -nt node_modules/.installed ]]; then
  echo "npm ci: the packages of gateway/web/package-lock.json"
  if ! npm ci --ignore-scripts --no-audit --no-fund; then
    echo "the SDK can't be fetched: the page at / will say so; everything else works" >&2
    exit 0
  fi
  touch node_modules/.installed
fi
