# shellcheck shell=bash
# Nodes of ScyllaDB as containers, in the network of this machine so that their addresses are those of Cassandra's nodes.
# Sourced by scripts/cql.sh, which sets ROOT and CQL_BASE. The version is the one that compose.yaml names.

# shellcheck disable=SC2034 # read by node_ready
PEERS_TABLE=system.peers
IMAGE="$(sed -nE 's|^ *image: *(scylladb/scylla:[^ ]+).*|\1|p' "$ROOT/compose.yaml")"

server_name() { echo "ScyllaDB ($IMAGE)"; }

data_place() { echo "containers named plenum-cql-…"; }

# server_prepare : the image is there afterwards, or it fails.
server_prepare() {
  if docker image inspect "$IMAGE" >/dev/null 2>&1; then return; fi
  say "fetching $IMAGE, once"
  docker pull "$IMAGE"
}

container() { echo "plenum-cql-$(node_address "$1")"; }
container_is() { [[ "$(docker inspect -f "{{.State.$2}}" "$(container "$1")" 2>/dev/null)" == true ]]; }

node_exists() { docker inspect "$(container "$1")" >/dev/null 2>&1; }
node_running() { container_is "$1" Running; }
node_paused() { container_is "$1" Paused; }
node_kill() { docker kill "$(container "$1")" >/dev/null; }
# In the background: all nodes end at the same time.
node_terminate() { docker stop -t "$STOP_SECONDS" "$(container "$1")" >/dev/null & }
node_pause() { docker pause "$(container "$1")" >/dev/null; }
node_resume() { docker unpause "$(container "$1")" >/dev/null; }
node_remove() { docker rm --force --volumes "$(container "$1")" >/dev/null 2>&1 || true; }
node_log_tail() { docker logs --tail 15 "$(container "$1")"; }

# node_launch N : starts it. The first node founds the cluster, so a new one waits until that node answers.
#
# One thread and little memory; developer mode: no check of the disk. Writes are acknowledged when they are on disk, as
# the tests of durability expect.
node_launch() {
  local address
  address="$(node_address "$1")"
  if node_exists "$1"; then
    docker start "$(container "$1")" >/dev/null
    return
  fi
  # shellcheck disable=SC2046 # numbers
  if [[ "$1" -gt 1 ]]; then wait_until_ready $(seq $(($1 - 1))); fi
  docker run --detach --name "$(container "$1")" --network host "$IMAGE" \
    --developer-mode 1 --smp 1 --memory 1G --overprovisioned 1 --seeds "$(node_address 1)" --cluster-name "cql-$CQL_BASE" \
    --listen-address "$address" --rpc-address "$address" --api-address "$address" --prometheus-address "$address" \
    --commitlog-sync batch --skip-wait-for-gossip-to-settle 0 >/dev/null
}

# node_sees N M : whether node N thinks that M is up.
node_sees() {
  docker exec "$(container "$1")" nodetool -h "$(node_address "$1")" status 2>/dev/null | grep -qE "^UN +$(node_address "$2") "
}
