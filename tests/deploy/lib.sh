# What the scripts of this folder share; sourced by them. Each is run by hand or by .ci/run: bash tests/deploy/NAME. Exit
# code 0: passed, 77: skipped, with one line that says why, any other: failed.
set -eu
name=$(basename "$0")
root=$(cd "$(dirname "$0")/../.." && pwd)
bin=${STARLING_BIN:-$root/build/release/bin}

skip() {
    echo "skipped: $name: $*"
    exit 77
}

fail() {
    echo "FAILED $name: $*" >&2
    exit 1
}

# need PROGRAM...: in PATH, or the script is skipped
need() {
    for program; do command -v "$program" >/dev/null || skip "there is no $program"; done
}

# wait_for SECONDS WHAT COMMAND...: until the command succeeds; fails after the seconds
wait_for() {
    local end=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || fail "waited too long for $what"
        sleep 0.2
    done
}

# the result of a flight without its circumstances: two equal flights print the same
result() {
    python3 -c 'import json, sys; r = json.load(open(sys.argv[1])); r.pop("timing", None); print(json.dumps(r, sort_keys=True))' "$1"
}
