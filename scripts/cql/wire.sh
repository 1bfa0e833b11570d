# shellcheck shell=bash
# As much of the CQL protocol as asking whether a server is ready takes, without a driver. Sourced by scripts/cql.sh.

# frame OPCODE BODY : one request of protocol version 4 on standard output. BODY is text for printf, all of it in bytes.
frame() {
  local LC_ALL=C body length
  body="$2"
  length="$(printf '%b' "$body" | wc -c)"
  printf '%b' "\\x04\\x00\\x00\\x00\\x$1$(number 4 "$length")$body"
}

# number BYTES VALUE → VALUE in as many bytes, highest first, as text for printf.
number() {
  printf "%0$(($1 * 2))x" "$2" | sed 's/../\\x&/g'
}

# answer : reads one response from descriptor 3 → its opcode, then its body, as decimal bytes.
# The flags are not looked at: a warning (flag 8) comes with counts.
answer() {
  local header body
  header="$(timeout 3 head -c 9 <&3 | od -An -v -w9 -tu1)" || return 1
  read -r -a header <<<"$header"
  [[ "${#header[@]}" -eq 9 ]] || return 1
  body="$(timeout 3 head -c "$(((header[5] << 24) + (header[6] << 16) + (header[7] << 8) + header[8]))" <&3 | od -An -v -w1 -tu1)"
  printf '%s\n%s\n' "${header[4]}" "$body"
}

# cql_count HOST QUERY → the one number that the query counts. Fails when the server does not answer with it.
cql_count() {
  local reply value=0 byte
  { exec 3<>"/dev/tcp/$1/9042"; } 2>/dev/null || return 1
  frame 01 '\x00\x01\x00\x0bCQL_VERSION\x00\x053.0.0' >&3
  mapfile -t reply < <(answer)
  if [[ "${reply[0]:-}" -ne 2 ]]; then exec 3>&-; return 1; fi
  # Consistency ONE, no flags.
  frame 07 "$(number 4 "${#2}")$2\\x00\\x01\\x00" >&3
  mapfile -t reply < <(answer)
  exec 3>&-
  # A result, and its last value is eight bytes long.
  if [[ "${reply[0]:-}" -ne 8 || "${#reply[@]}" -lt 13 || "${reply[-9]}" -ne 8 ]]; then return 1; fi
  for byte in "${reply[@]: -8}"; do value=$((value * 256 + byte)); done
  printf '%s\n' "$value"
}

# port_taken HOST PORT : whether something listens there.
port_taken() {
  (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null
}
