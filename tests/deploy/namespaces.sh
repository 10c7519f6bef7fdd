# Devices as network namespaces; sourced after lib.sh by the scripts that fly over them. All hang on one switch, a bridge
# in a namespace of its own, so that nothing of the host's network is touched: 10.77.0.1 is the coordinator's,
# 10.77.0.11, 12, ... the devices'. Everything goes when the script ends.
space=sl$$
endpoint=tcp://10.77.0.1:5555

# the processes first, a namespace lives as long as one is in it
end_namespaces() {
    [ $? = 0 ] || tail -n 12 "$work"/*.log >&2 || true
    local one pid
    for one in $(ip netns list 2>/dev/null | sed -n "s/^\($space-[a-z0-9]*\).*/\1/p"); do
        for pid in $(ip netns pids "$one"); do kill -9 "$pid" || true; done 2>/dev/null
        wait 2>/dev/null || true
        ip netns del "$one" || true
    done
    rm -rf "$work"
}

# at NAME COMMAND...: runs it in the namespace
at() {
    local where=$space-$1
    shift
    ip netns exec "$where" "$@"
}

# device NAME ADDRESS: a namespace with a cable to the switch; its end there is called as the device
device() {
    ip netns add "$space-$1"
    at switch ip link add "$1" type veth peer name eth0 netns "$space-$1"
    at switch ip link set "$1" master bridge up
    at "$1" ip link set lo up
    at "$1" ip link set eth0 up
    at "$1" ip addr add "$2/24" dev eth0
}

# make_namespaces DEVICES: the switch, the coordinator's namespace "base", and dev0, dev1, ...; keys for all in $work/keys
make_namespaces() {
    local i
    [ "$(id -u)" = 0 ] || skip "only root makes network namespaces"
    need ip python3
    work=$(mktemp -d)
    ip netns add "$space-switch" 2>/dev/null || skip "network namespaces cannot be made here"
    trap end_namespaces EXIT
    at switch ip link add bridge type bridge || skip "there is no bridge in this kernel"
    at switch ip link set bridge up
    device base 10.77.0.1
    for ((i = 0; i < $1; i++)); do device "dev$i" "10.77.0.$((11 + i))"; done
    "$bin/starling" keys new "$work/keys" --agents "$1" >/dev/null
}

# start_agent I: on device I, with a key and a folder of its own; its pid in agent_pid[I], its log in $work/devI.log
declare -a agent_pid
start_agent() {
    local i=$1
    local trust=(--key "$work/keys/agent-$i.key_secret")
    [ -z "$insecure" ] || trust=(--insecure)
    # no function: its pid would be that of a shell
    ip netns exec "$space-dev$i" "$bin/starling" agent --connect "$endpoint" --cache "$work/dev$i" "${trust[@]}" \
        >>"$work/dev$i.out" 2>>"$work/dev$i.log" &
    agent_pid[i]=$!
}

# start_flight NAME EPISODES: of the models in $work/models; its pid in flight_pid, its result in $work/NAME.json. With
# keys, unless insecure says 1.
insecure=
start_flight() {
    local trust=(--keys "$work/keys")
    [ -z "$insecure" ] || trust=(--insecure)
    timeout 200 ip netns exec "$space-base" "$bin/starling" fly "$work/models" --agents remote --bind "tcp://*:5555" \
        "${trust[@]}" --episodes "$2" --json --log-level info >"$work/$1.json" 2>"$work/$1.log" &
    flight_pid=$!
}

# end_flight NAME: waits for it; agents that were told goodbye are gone, another one ends well when it is asked to
end_flight() {
    wait "$flight_pid" || fail "the flight '$1' did not end well"
    kill "${agent_pid[@]}" 2>/dev/null || true
    wait "${agent_pid[@]}" || fail "an agent of '$1' did not end well"
}

# packets that device $1 has received
received() { at "$1" cat /sys/class/net/eth0/statistics/rx_packets; }
has_received() { [ "$(received "$1")" -ge "$2" ]; }

# busy DEVICE WHAT: until a thousand more packets have come to it, as only a flight sends them; says how long that took
busy() {
    local start=$EPOCHREALTIME
    wait_for 40 "$1 to fly, $2" has_received "$1" $(($(received "$1") + 1000))
    echo "  flying $(((${EPOCHREALTIME/./} - ${start/./}) / 1000)) ms later: $2"
}
