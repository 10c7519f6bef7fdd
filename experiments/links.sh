#!/bin/bash
# Students distilled under the network that they will fly in, beside students distilled without it: on board, where what
# others tell comes late. experiments/links.sh [FAMILY EXPERIMENT]: mpe spread-links as a rule, or combat 3m-shifted, and
# so on. One teacher for all rows: TEACHER, else that of models/mpe/spread; a run's folder will do. Seeds 1 to 3 (SEEDS),
# runs in runs/links or runs/links-EXPERIMENT (OUT), two at a time, a thread each. Runs that have a report are skipped, unfinished ones
# resumed, evaluations that are there kept: a second call goes on. Ends with the table in Markdown. EPISODES: of an
# evaluation (1280); SET: more overrides for all runs ("--set distill.updates=500"); BIN: another starling.
set -u
cd "$(dirname "$0")/.." || exit 1
family=${1:-mpe} experiment=${2:-spread-links}
[ "$experiment" = spread-links ] || OUT=${OUT:-runs/links-$experiment}
OUT=${OUT:-runs/links}
. experiments/rows.sh
teacher=${TEACHER-models/mpe/spread/teacher.safetensors} episodes=${EPISODES:-1280}
read -ra more <<<"${SET:-}"
settings=(none 3 6 9)
declare -A delays=([none]="" [3]="fixed 3 steps" [6]="uniform 3 10 steps" [9]="uniform 6 13 steps")

# evaluate RUN POLICY SETTING: the mean return under that delay goes to RUN.POLICY-SETTING
evaluate() {
    local run="$out/$1" policy=$2 setting=$3 links=none file="$out/$1.$2-$3"
    [ -s "$file" ] && return
    if [ "$setting" != none ]; then
        links="$out/delay-$setting.yaml"
        printf 'links:\n  delay: "%s"\n  order: reorder\n' "${delays[$setting]}" >"$links"
    fi
    "$bin" eval "$run" --policy "$policy" --links "$links" --episodes "$episodes" --seed 7 --json 2>"$file.log" |
        sed -n 's/.*"return_mean": *\([-0-9.e+]*\).*/\1/p' >"$file.part"
    if [ -s "$file.part" ]; then mv "$file.part" "$file"; else echo "failed: $run, see $file.log"; fi
}

for seed in $seeds; do
    for setting in "${settings[@]}"; do
        for ages in false true; do
            pair "links-$setting-$ages" "$seed" "$experiment" --set teacher.from="$teacher" --set mask.age=$ages \
                --set links.delay="${delays[$setting]}" \
                --set links.order=reorder --set eval.episodes=1 --set fleet.episodes=1 "${more[@]}"
        done
    done
done
wait

for seed in $seeds; do
    for setting in "${settings[@]}"; do
        evaluate "links-none-false-seed$seed" teacher "$setting"
        for ages in false true; do
            evaluate "links-none-$ages-seed$seed" students "$setting"
            [ "$setting" = none ] || evaluate "links-$setting-$ages-seed$seed" students "$setting"
        done
    done
done

# The same delay for all columns of a line. Cost: what the delay takes from students that knew of none; won back: which
# share of it their like keeps that were distilled under it. Intervals over seeds, Student's t.
awk -v out="$out" -v seeds="$seeds" -v setting_list="${settings[*]}" '
function read(name, seed,    value) {
    value = "nan"
    getline value < (out "/" name)
    close(out "/" name)
    return value
}
function interval(x, n,    i, sum, squares, mean) {
    split("12.706 4.303 3.182 2.776 2.571 2.447 2.365 2.306 2.262 2.228", t, " ")
    for (i = 1; i <= n; i++) sum += x[i]
    mean = sum / n
    for (i = 1; i <= n; i++) squares += (x[i] - mean) ^ 2
    if (n < 2) return sprintf("%.2f", mean)
    return sprintf("%.2f ± %.2f", mean, (n <= 11 ? t[n - 1] : 1.96) * sqrt(squares / (n - 1) / n))
}
BEGIN {
    n = split(seeds, seed, " ")
    n_settings = split(setting_list, settings, " ")
    word["none"] = "none"; word["3"] = "3 steps"; word["6"] = "6 ± 3 steps"; word["9"] = "9 ± 3 steps"
    print "| delay | teacher, central | distilled without it | under it | under it, with ages | cost | won back | with ages |"
    print "|---|---|---|---|---|---|---|---|"
    for (k = 1; k <= n_settings; k++) {
        s = settings[k]
        for (i = 1; i <= n; i++) {
            none = "links-none-false-seed" seed[i] ".students-"
            fresh = read(none "none")
            teacher[i] = read("links-none-false-seed" seed[i] ".teacher-" s)
            without[i] = s == "none" ? fresh : read(none s)
            under[i] = read("links-" s "-false-seed" seed[i] ".students-" s)
            aged[i] = read("links-" s "-true-seed" seed[i] ".students-" s)
            cost[i] = fresh - without[i]
            won[i] = cost[i] ? (under[i] - without[i]) / cost[i] : 0
            won_aged[i] = cost[i] ? (aged[i] - without[i]) / cost[i] : 0
        }
        printf "| %s | %s | %s |", word[s], interval(teacher, n), interval(without, n)
        if (s == "none") print " - | " interval(aged, n) " | - | - | - |"
        else printf " %s | %s | %s | %s | %s |\n", interval(under, n), interval(aged, n), interval(cost, n), interval(won, n), interval(won_aged, n)
    }
}'
