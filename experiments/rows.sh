# rows.sh - what the tables scripts share; to be sourced at the top of the repository. A row is an experiment of
# $family's folder with a name, a seed and overrides; its run goes to $out (OUT, else runs). Runs that have a report are
# skipped, unfinished ones resumed. SEEDS: which seeds; BIN: another starling.
bin=${BIN:-build/release/bin/starling} out=${OUT:-runs} seeds=${SEEDS:-"1 2 3"}
mkdir -p "$out"

# run NAME SEED EXPERIMENT [--set ...]
run() {
    local name=$1 seed=$2 experiment=$3 folder="$out/$1-seed$2" resume=""
    shift 3
    [ -f "$folder/report.json" ] && return
    [ -d "$folder" ] && resume=--resume
    "$bin" train "experiments/$family/$experiment.yaml" --out "$folder" --seed "$seed" --set name="$name" "$@" $resume \
        >"$folder.out" 2>"$folder.log" || echo "failed: $name seed $seed, see $folder.log"
}

# pair RUN...: starts a run in the background, at most two at a time, with a thread each
pair() {
    while [ "$(jobs -rp | wc -l)" -ge 2 ]; do wait -n; done
    run "$@" --set threads=1 &
}
