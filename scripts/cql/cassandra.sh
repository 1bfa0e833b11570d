# shellcheck shell=bash
# Nodes of Apache Cassandra as processes of this machine. Sourced by scripts/cql.sh, which sets INSTANCE, CACHE, HERE.

# shellcheck disable=SC2034 # read by node_ready
PEERS_TABLE=system.peers_v2
TOKENS=(-9223372036854775808 -3074457345618258603 3074457345618258602)
VERSION="$(sed -nE '/cassandra-all/,/<\/dependency>/ s|.*<version>(.*)</version>.*|\1|p' "$HERE/cql/pom.xml")"
JARS="$CACHE/lib-$VERSION"
JAVA="${JAVA_HOME:+$JAVA_HOME/bin/}java"

server_name() { echo "Apache Cassandra $VERSION"; }

data_place() { echo "$INSTANCE"; }

# server_prepare : Java and the jars are there afterwards.
server_prepare() {
  local version
  version="$("$JAVA" -version 2>&1 | sed -nE '1s/.*version "([0-9]+).*/\1/p')" || true
  if [[ -z "$version" ]]; then fail "Java is not there. On Debian: apt-get install openjdk-17-jre-headless"; fi
  if [[ "$version" -lt 17 || "$version" -gt 23 ]]; then
    fail "$JAVA is version $version: Cassandra needs one from 17 to 23 (JAVA_HOME says where)"
  fi
  mkdir -p "$CACHE"
  exec {fetching}>"$CACHE/fetch.lock"
  flock "$fetching"
  if [[ ! -f "$JARS/.complete" ]]; then fetch_jars; fi
  exec {fetching}>&-
}

# fetch_jars : into a folder beside; it gets its name when everything is there.
fetch_jars() {
  local log="$CACHE/fetch.log" part="$JARS.part"
  command -v mvn >/dev/null || fail "Maven is not there: it fetches the server. On Debian: apt-get install maven"
  say "fetching Apache Cassandra $VERSION with Maven, once: about 70 MB into $CACHE"
  rm -rf "$JARS" "$part"
  # Maven's own copy dependencies; -C: a file whose checksum is wrong ends it.
  if ! mvn -B -C -f "$HERE/cql/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$part" 2>&1 | tee "$log" |
    awk '/Downloaded from/ && ++files % 50 == 0 { print "cql:   " files " files fetched"; fflush() }'; then
    grep -m 3 -E '^\[(ERROR|FATAL)\]' "$log" >&2 || tail -n 3 "$log" >&2
    rm -rf "$part"
    fail "the server could not be fetched; all of Maven's words: $log"
  fi
  touch "$part/.complete"
  mv "$part" "$JARS"
  say "fetched $(find "$JARS" -name '*.jar' | wc -l) jars"
}

node_folder() { echo "$INSTANCE/node$1"; }
node_log() { echo "$INSTANCE/node$1/log/system.log"; }

# node_pid N → the process of the node. Fails when it does not run; another process that has got its number does not count.
node_pid() {
  local folder pid
  folder="$(node_folder "$1")"
  pid="$(cat "$folder/pid" 2>/dev/null)" || return 1
  tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -qxF -- "-Dcassandra.storagedir=$folder/data" || return 1
  echo "$pid"
}

node_exists() { [[ -d "$(node_folder "$1")/data" ]]; }
node_running() { node_pid "$1" >/dev/null; }
node_paused() { grep -q '^State:.T' "/proc/$(node_pid "$1")/status" 2>/dev/null; }
node_kill() { kill -KILL "$(node_pid "$1")"; }
node_terminate() { kill -TERM "$(node_pid "$1")"; }
node_pause() { kill -STOP "$(node_pid "$1")"; }
node_resume() { kill -CONT "$(node_pid "$1")"; }
node_remove() { rm -rf "$(node_folder "$1")"; }
node_log_tail() { tail -n 15 "$(node_log "$1")" "$(node_folder "$1")/console.log" 2>/dev/null; }

# node_launch N : starts it and does not wait.
node_launch() {
  local folder address
  folder="$(node_folder "$1")"
  address="$(node_address "$1")"
  mkdir -p "$folder/data" "$folder/log" "$folder/tmp"
  # What a killed run left: unpacked libraries, and lines of the log that would be taken for this run's.
  find "$folder/tmp" -mindepth 1 -delete
  rm -f "$folder/log/system.log"
  sed "s/SEEDS/$(all_addresses)/" "$HERE/cql/cassandra.yaml" >"$folder/cassandra.yaml"
  # shellcheck disable=SC2086 # several options are several words
  setsid "$JAVA" "@$HERE/cql/jvm.options" ${CQL_JAVA_OPTIONS:-} -Djava.io.tmpdir="$folder/tmp" -Dcassandra.storagedir="$folder/data" \
    -Dcassandra.logdir="$folder/log" -Dcassandra.config="file://$folder/cassandra.yaml" \
    -Dlogback.configurationFile="file://$HERE/cql/logback.xml" -Dcassandra.settings.cluster_name="cql-$CQL_BASE" \
    -Dcassandra.settings.listen_address="$address" -Dcassandra.settings.rpc_address="$address" \
    -Dcassandra.initial_token="${TOKENS[$1 - 1]}" -cp "$JARS/*" org.apache.cassandra.service.CassandraDaemon \
    >"$folder/console.log" 2>&1 </dev/null {LOCK}>&- &
  echo "$!" >"$folder/pid"
}

# node_sees N M : whether node N has met M and thinks that it is up. Open ports and remembered peers are not enough.
node_sees() {
  grep -E "InetAddress /$(node_address "$2"):7000 is now (UP|DOWN)" "$(node_log "$1")" 2>/dev/null | tail -n 1 | grep -q 'UP$'
}
