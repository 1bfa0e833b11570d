#!/usr/bin/env bash
# Says which tools the tests need and which are there. As root on Debian it installs what is missing.
set -euo pipefail

# package_for TOOL → the Debian package that brings it.
package_for() {
  case "$1" in
    cc) echo build-essential ;;
    java) echo openjdk-17-jre-headless ;;
    mvn) echo maven ;;
    node) echo nodejs ;;
    promtool) echo prometheus ;;
    *) echo "$1" ;;
  esac
}

version_at_least() { # HAVE WANT
  [[ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" == "$2" ]]
}

missing=()
for tool in cc git node npm python3 prometheus promtool java mvn chromium faketime; do
  # A Prometheus that is elsewhere, for gateway/tests/prometheus.rs.
  if [[ "$tool" == prometheus && -n "${PROMETHEUS:-}" ]] || [[ "$tool" == promtool && -n "${PROMTOOL:-}" ]]; then continue; fi
  # A Chromium that is elsewhere, for gateway/tests/browser.
  if [[ "$tool" == chromium && -n "${CHROMIUM:-}" ]]; then continue; fi
  if command -v "$tool" >/dev/null; then
    printf '%-10s %s\n' "$tool" "$(command -v "$tool")"
  else
    missing+=("$(package_for "$tool")")
  fi
done
if command -v python3 >/dev/null && ! python3 -c 'import ensurepip, venv' 2>/dev/null; then missing+=(python3-venv); fi
# What the browser writes with: without these it draws boxes for Cyrillic and for emoji.
if [[ -z "$(fc-list 'DejaVu Sans' 2>/dev/null)" ]]; then missing+=(fontconfig fonts-dejavu-core); fi
if [[ -z "$(fc-list 'Noto Color Emoji' 2>/dev/null)" ]]; then missing+=(fontconfig fonts-noto-color-emoji); fi

if [[ ${#missing[@]} -gt 0 ]]; then
  mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
  if [[ "$(id -u)" -eq 0 ]] && command -v apt-get >/dev/null; then
    printf 'installing %s\n' "${missing[*]}"
    apt-get update -qq
    # Newer distributions have only newer ones.
    if ! apt-cache show openjdk-17-jre-headless >/dev/null 2>&1; then missing=("${missing[@]/openjdk-17-jre/default-jre}"); fi
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
  else
    printf 'missing: %s. On Debian: apt-get install %s\n' "${missing[*]}" "${missing[*]}" >&2
    exit 1
  fi
fi

if ! command -v cargo >/dev/null; then
  echo "missing: cargo (rustup brings the version that rust-toolchain.toml names)" >&2
  exit 1
fi
cargo --version

node_version="$(node --version)"
if ! version_at_least "${node_version#v}" 20.19; then
  echo "node $node_version is too old: the page needs 20.19 or newer" >&2
  exit 1
fi
python_version="$(python3 -c 'import platform; print(platform.python_version())')"
if ! version_at_least "$python_version" 3.11; then
  echo "python3 $python_version is too old: the Python SDK tests need 3.11 or newer" >&2
  exit 1
fi
java_version="$("${JAVA_HOME:+$JAVA_HOME/bin/}java" -version 2>&1 | sed -nE '1s/.*version "([0-9]+).*/\1/p')"
if [[ "$java_version" -lt 17 || "$java_version" -gt 23 ]]; then
  echo "java $java_version: the CQL server of the tests needs one from 17 to 23; JAVA_HOME says where it is" >&2
  exit 1
fi
printf 'node %s, python3 %s, java %s\n' "$node_version" "$python_version" "$java_version"
