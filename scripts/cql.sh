#!/usr/bin/env bash
# A real CQL server for tests and for development: one node or three, on loopback addresses, each killed and paused by its number.
#
#   start [NODES]   starts what does not run yet and waits until every node is ready; 1 (the default) to 3 nodes
#   stop            ends all nodes in order; their data stays
#   status          what runs; fails when nothing does
#   uri             what SCYLLA_URI should say: host:port of the nodes that were started, separated by commas
#   kill N          kill -9 of one node           run N      starts it again and waits until all see it
#   pause N         stops its process (SIGSTOP)   resume N   lets it go on
#   wipe            kills all nodes and removes their data
#   free            prints a CQL_BASE on which nothing runs
#
# With SCYLLA_URI set nothing is started: that server is used. Otherwise it is a ScyllaDB in containers where Docker works, and
# an Apache Cassandra from Maven Central where it does not; both keep to the addresses below.
#
#   CQL_BASE    address of the first node, 127.0.0.1 by default; the others follow it. Another one is another instance beside it.
#   CQL_SERVER  scylla or cassandra: this one, whether or not Docker works
#   CQL_JAVA_OPTIONS  options of a Cassandra's Java machine, which override those of scripts/cql/jvm.options
#   CQL_CACHE   where the jars are kept, target/cql by default; checkouts may share one. Data and logs stay in target/cql.
set -euo pipefail

HERE="$(cd "$(dirname "$0")" && pwd)"
ROOT="$(dirname "$HERE")"
MAX_NODES=3
START_SECONDS="${CQL_START_SECONDS:-180}"
STOP_SECONDS=30
CQL_BASE="${CQL_BASE:-127.0.0.1}"

say() { printf 'cql: %s\n' "$*"; }
fail() {
  printf 'cql: %s\n' "$*" >&2
  exit 1
}

milliseconds() { echo $(($(date +%s%N) / 1000000)); }
seconds_since() { awk -v ms=$(($(milliseconds) - $1)) 'BEGIN { printf "%.1f", ms / 1000 }'; }

usage() { sed -nE '2,/^set/ s/^# ?//p' "$HERE/cql.sh"; }

if [[ ! "$CQL_BASE" =~ ^127\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}$ || "${CQL_BASE##*.}" -gt $((255 - MAX_NODES)) || "${CQL_BASE##*.}" -lt 1 ]]; then
  fail "CQL_BASE=$CQL_BASE: a loopback address such as 127.0.1.1, with room for three nodes behind it, is expected"
fi

mkdir -p "${CARGO_TARGET_DIR:-$ROOT/target}/cql"
TARGET="$(cd "${CARGO_TARGET_DIR:-$ROOT/target}/cql" && pwd)"
CACHE="${CQL_CACHE:-$TARGET}"
INSTANCE="$TARGET/$CQL_BASE"

node_address() { echo "${CQL_BASE%.*}.$((${CQL_BASE##*.} + $1 - 1))"; }
all_addresses() { for n in $(seq "$MAX_NODES"); do node_address "$n"; done | paste -sd,; }

# shellcheck source=scripts/cql/wire.sh
source "$HERE/cql/wire.sh"

# choose_server : scylla or cassandra, in SERVER, with its functions. What an instance was begun with, it stays.
choose_server() {
  if [[ -f "$INSTANCE/server" ]]; then
    SERVER="$(cat "$INSTANCE/server")"
    if [[ -n "${CQL_SERVER:-}" && "$CQL_SERVER" != "$SERVER" ]]; then
      fail "the instance $CQL_BASE is a $SERVER; to change it: CQL_BASE=$CQL_BASE scripts/cql.sh wipe"
    fi
  elif [[ -n "${CQL_SERVER:-}" ]]; then
    SERVER="$CQL_SERVER"
  elif command -v docker >/dev/null && timeout 10 docker info >/dev/null 2>&1; then
    SERVER=scylla
  else
    SERVER=cassandra
  fi
  source_server
}

# source_server : the functions of SERVER.
source_server() {
  case "$SERVER" in
    cassandra)
      # shellcheck source=scripts/cql/cassandra.sh
      source "$HERE/cql/cassandra.sh"
      ;;
    scylla)
      # shellcheck source=scripts/cql/scylla.sh
      source "$HERE/cql/scylla.sh"
      ;;
    *) fail "CQL_SERVER=$SERVER: scylla or cassandra is expected" ;;
  esac
}

# lock : one command at a time for an instance; whoever comes second waits.
lock() {
  mkdir -p "$INSTANCE"
  exec {LOCK}>"$TARGET/$CQL_BASE.lock"
  flock "$LOCK"
}

nodes_where() { for n in $(seq "$MAX_NODES"); do if "$1" "$n"; then echo "$n"; fi; done; }
node_answering() { node_running "$1" && ! node_paused "$1"; }

# check_ports N : fails when somebody else has what the node needs.
check_ports() {
  local address port
  address="$(node_address "$1")"
  for port in 9042 7000; do
    if port_taken "$address" "$port"; then
      fail "$address:$port is taken by another program: end it, or take other addresses: CQL_BASE=$(free_base)"
    fi
  done
}

# free_base → the first address of a /24 in which nothing listens where the nodes would. Apart from 127.0.0.1, whose data a developer may
# want to keep, and beginning at a place of this checkout's own, so that checkouts do not meet.
free_base() {
  local own network n
  own="$(cksum <<<"$ROOT" | cut -d' ' -f1)"
  for network in $(seq "$own" $((own + 99))); do
    network="127.0.$((100 + network % 100))"
    for n in $(seq "$MAX_NODES"); do
      if port_taken "$network.$n" 9042 || port_taken "$network.$n" 7000; then continue 2; fi
    done
    echo "$network.1"
    return
  done
  fail "something listens on port 9042 or 7000 everywhere from 127.0.100.1 to 127.0.199.3"
}

# node_ready N : it answers CQL, has met all the others, and thinks that each of them is up.
node_ready() {
  local others other peers
  mapfile -t others < <(nodes_where node_answering)
  peers="$(cql_count "$(node_address "$1")" "SELECT count(*) FROM $PEERS_TABLE")" || return 1
  if [[ "$peers" -lt $((${#others[@]} - 1)) ]]; then return 1; fi
  for other in "${others[@]}"; do
    if [[ "$other" -ne "$1" ]] && ! node_sees "$1" "$other"; then return 1; fi
  done
}

# wait_until_ready N… : ends with the log's last lines when one of these nodes ends or is not ready in time.
wait_until_ready() {
  local n began=$SECONDS told=$SECONDS
  for n in "$@"; do
    until node_ready "$n"; do
      if ! node_running "$n"; then give_up "$n" "ended while starting"; fi
      if [[ $((SECONDS - began)) -ge "$START_SECONDS" ]]; then
        give_up "$n" "is not ready after $((SECONDS - began)) s; CQL_START_SECONDS gives it longer"
      fi
      if [[ $((SECONDS - told)) -ge 5 ]]; then
        say "waiting for node $n, $((SECONDS - began)) s"
        told=$SECONDS
      fi
      sleep 0.2
    done
  done
}

# give_up N WHY
give_up() {
  node_log_tail "$1" >&2 || true
  fail "node $1 $2 (its last lines stand above)"
}

uri() {
  local n
  for n in $(seq "$(cat "$INSTANCE/nodes" 2>/dev/null || echo 1)"); do echo "$(node_address "$n"):9042"; done | paste -sd, | sed 's|^|scylla://|'
}

# prepare : fetches the server. Where nobody asked for ScyllaDB and its image can't be had, it is Cassandra.
prepare() {
  if [[ "$SERVER" == scylla ]]; then
    if server_prepare; then return; fi
    if [[ -n "${CQL_SERVER:-}" || -f "$INSTANCE/server" ]]; then fail "$(server_name) can't be fetched"; fi
    say "$(server_name) can't be fetched: Apache Cassandra instead"
    SERVER=cassandra
    source_server
  fi
  server_prepare
}

start() {
  local n missing=() began
  for n in $(seq "$1"); do if ! node_running "$n"; then missing+=("$n"); fi; done
  if [[ "${#missing[@]}" -eq 0 ]]; then
    say "already running: $(server_name), SCYLLA_URI=$(uri)"
    return
  fi
  prepare
  for n in "${missing[@]}"; do check_ports "$n"; done
  echo "$SERVER" >"$INSTANCE/server"
  echo "$1" >"$INSTANCE/nodes"
  say "starting $(server_name): $1 node(s) from $CQL_BASE, data and logs in $(data_place)"
  began="$(milliseconds)"
  for n in "${missing[@]}"; do node_launch "$n"; done
  # shellcheck disable=SC2046 # numbers
  wait_until_ready $(seq "$1")
  say "ready after $(seconds_since "$began") s: SCYLLA_URI=$(uri)"
}

# end_all : in order where that works, else at once.
end_all() {
  local n began=$SECONDS
  for n in $(nodes_where node_paused); do node_resume "$n"; done
  for n in $(nodes_where node_running); do node_terminate "$n" || true; done
  while [[ -n "$(nodes_where node_running)" ]]; do
    if [[ $((SECONDS - began)) -ge "$STOP_SECONDS" ]]; then
      for n in $(nodes_where node_running); do say "node $n does not end by itself: killed"; node_kill "$n" || true; done
    fi
    sleep 0.2
  done
}

stop() {
  if [[ -z "$(nodes_where node_running)" ]]; then say "nothing runs on $CQL_BASE"; return; fi
  end_all
  say "stopped; the data stays in $(data_place)"
}

wipe() {
  local n
  for n in $(nodes_where node_running); do node_kill "$n" || true; done
  for n in $(seq "$MAX_NODES"); do
    while node_running "$n"; do sleep 0.1; done
    node_remove "$n"
  done
  rm -rf "$INSTANCE"
  say "wiped $CQL_BASE"
}

status() {
  local n state
  for n in $(nodes_where node_exists); do
    state="not running"
    if node_paused "$n"; then state="paused"; elif node_running "$n"; then state="running"; fi
    say "node $n, $(node_address "$n"):9042: $state"
  done
  if [[ -z "$(nodes_where node_running)" ]]; then say "nothing runs on $CQL_BASE"; return 1; fi
  say "$(server_name); SCYLLA_URI=$(uri)"
}

# one_node VERB N : kill, pause, resume of a node that runs.
one_node() {
  local -A done=([kill]=killed [pause]=paused [resume]="goes on")
  if ! node_running "$2"; then fail "node $2 does not run"; fi
  "node_$1" "$2"
  if [[ "$1" == kill ]]; then while node_running "$2"; do sleep 0.05; done; fi
  say "node $2: ${done[$1]}"
}

run() {
  if node_running "$1"; then say "node $1 already runs"; return; fi
  if ! node_exists "$1"; then fail "there is no node $1 yet: scripts/cql.sh start $1"; fi
  prepare
  check_ports "$1"
  node_launch "$1"
  # Those that have run all the time must see it too.
  # shellcheck disable=SC2046 # numbers
  wait_until_ready "$1" $(nodes_where node_answering)
  say "node $1: ready"
}

# number_of_nodes TEXT : fails unless it is 1 to MAX_NODES.
number_of_nodes() {
  if [[ ! "$1" =~ ^[1-$MAX_NODES]$ ]]; then fail "'$1': a number from 1 to $MAX_NODES is expected"; fi
}

command="${1:-}"
case "$command" in
  free) free_base; exit ;;
  start | stop | status | uri | kill | run | pause | resume | wipe) ;;
  "" | help | --help | -h) usage; exit ;;
  *) usage >&2; fail "there is no command '$command'" ;;
esac
if [[ -n "${SCYLLA_URI:-}" ]]; then
  case "$command" in
    uri) echo "$SCYLLA_URI" ;;
    start) say "SCYLLA_URI is set, $SCYLLA_URI is used: nothing is started" ;;
    *) fail "SCYLLA_URI is set: '$command' acts on servers of this script alone" ;;
  esac
  exit
fi
choose_server
case "$command" in
  start) number_of_nodes "${2:-1}"; lock; start "${2:-1}" ;;
  stop) lock; stop ;;
  status) status ;;
  uri) uri ;;
  wipe) lock; wipe ;;
  run) number_of_nodes "${2:-}"; lock; run "$2" ;;
  kill | pause | resume) number_of_nodes "${2:-}"; one_node "$command" "$2" ;;
esac
