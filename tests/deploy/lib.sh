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

# value FILE EXPRESSION: of r, the object that the last line of a flight's --json holds
value() {
    python3 -c 'import json, sys; r = json.loads(open(sys.argv[1]).readlines()[-1]); print(eval(sys.argv[2]))' "$1" "$2"
}

# the result of a flight without its circumstances: two equal flights print the same
result() {
    value "$1" '[r.pop("timing"), json.dumps(r, sort_keys=True)][1]'
}

# same_result FILE FILE
same_result() {
    local one other
    one=$(result "$1") other=$(result "$2")
    [ -n "$one" ] && [ "$one" = "$other" ]
}

# same_report RUN RUN: the reports but for their times
same_report() {
    python3 - "$1/report.json" "$2/report.json" <<'END'
import json, sys
one, other = (json.load(open(f)) for f in sys.argv[1:])
one.pop("timing"), other.pop("timing")
sys.exit(one != other)
END
}
