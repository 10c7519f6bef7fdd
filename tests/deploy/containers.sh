# What the scripts that run containers share: an engine with the base image, the three images, a fleet's folder with
# keys, and the result of flights. Sourced after lib.sh.
export STARLING_BASE=${STARLING_BASE:-debian:bookworm-slim}
export STARLING_AGENT_IMAGE=starling-test-agent STARLING_COORDINATOR_IMAGE=starling-test-coordinator
export STARLING_TRAINER_IMAGE=starling-test-trainer

need_engine() {
    need docker
    docker info >/dev/null 2>&1 || skip "no Docker engine answers"
    docker image inspect "$STARLING_BASE" >/dev/null 2>&1 ||
        skip "there is no image $STARLING_BASE (deploy/make-base-image makes it)"
    [ -x "$bin/starling" ] || skip "$bin/starling is not built"
}

# The images stay: with them the next build takes seconds. starling-test-build keeps the layers with the packages.
# STARLING_IMAGES=there: those that are there are used as they are.
build_images() {
    local target targets="build agent coordinator trainer"
    [ "${STARLING_IMAGES:-}" != there ] || targets=""
    for target in $targets; do
        docker build -q -f "$root/deploy/Dockerfile" --build-arg BASE="$STARLING_BASE" --target $target \
            -t starling-test-$target "$root" >"$folder/build.log" 2>&1 || fail "building $target: $(tail -n 5 "$folder/build.log")"
    done
    for target in agent coordinator trainer; do
        echo "image $target: $(docker image inspect -f '{{.Size}}' starling-test-$target | awk '{printf "%.1f MB", $1 / 1e6}')"
    done
}

# FOLDER/keys with one key for all replicas, FOLDER/models with a patience for networks that take their time to come
# back; what containers read belongs to their user
make_fleet() {
    "$bin/starling" keys new "$1/keys" --agents 1 >/dev/null
    "$bin/starling" keys add "$1/keys" agents --slots any >/dev/null
    cp -R "$root/models/mpe/spread" "$1/models"
    rm "$1/models/manifest.json"
    sed -i 's/^fleet:$/fleet:\n  patience_ms: 120000/' "$1/models/experiment.yaml"
    chmod 755 "$1"
    chown 10001:10001 "$1"/keys/*.key_secret
}

# the returns of a flight's line, without circumstances
flown() {
    python3 -c '
import json, sys
r = json.loads(sys.stdin.readline())
r.pop("timing", None)
print(json.dumps(r, sort_keys=True))'
}
