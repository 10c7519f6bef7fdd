/* report.c - see report.h. */
#include "starling/report/report.h"

#include "common/alloc.h"
#include "common/utf8.h"
#include "starling/report/link_report.h"
#include "starling/report/scale.h"
#include "starling/report/statistics.h"
#include "starling/report/table.h"
#include "starling/run/output.h"
#include "storage/file.h"
#include "storage/manifest.h"
#include "storage/policy_path.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REPORT_FORMAT = 1, MAX_REPORT_BYTES = 16 << 20 };

static const char *const scored_names[SL_SCORED_KINDS] = {"random", "heuristic", "teacher", "students", "fleet"};

const char *sl_scored_name(sl_scored which) {
    return scored_names[which];
}

void sl_scores_fini(sl_scores *self) {
    for (int i = 0; i < SL_SCORED_KINDS; i++) sl_evaluation_fini(&self->results[i]);
}

sl_status sl_score_of(const sl_env_spec *spec, const sl_evaluation *results, sl_score *out) {
    int E = results->n_episodes;
    double *totals = sl_alloc_array((size_t)E, sizeof *totals);
    if (!totals) return sl_fail(SL_MEMORY, NULL, "no memory for %d returns", E);
    double steps = 0;
    int n_won = 0;
    for (int e = 0; e < E; e++) {
        totals[e] = sl_env_return(spec, results->returns + (size_t)e * (size_t)results->n_agents);
        steps += results->lengths[e];
        if (results->won) n_won += results->won[e] != 0;
    }
    sl_score score = {.mean = sl_mean(E, totals), .ci95 = sl_ci95(E, totals), .sd = sl_sd(E, totals)};
    score.length = E > 0 ? steps / E : 0;
    sl_interval wins = sl_wilson95(n_won, E);
    score.win_rate = results->won && E > 0 ? wins.mean : -1;
    score.win_low = wins.low;
    score.win_high = wins.high;
    sl_sort(E, totals);
    score.min = E > 0 ? totals[0] : 0;
    score.max = E > 0 ? totals[E - 1] : 0;
    *out = score;
    sl_free(totals);
    return SL_OK;
}

const char *sl_score_text(const sl_score *score, int n_episodes, uint64_t seed, char text[SL_SCORE_TEXT]) {
    int n = snprintf(text, SL_SCORE_TEXT, "return %.2f", score->mean);
    if (isfinite(score->ci95))
        n += snprintf(text + n, SL_SCORE_TEXT - (size_t)n, " \u00b1 %.2f (95%% CI, ", score->ci95);
    else
        n += snprintf(text + n, SL_SCORE_TEXT - (size_t)n, " (");
    n += snprintf(text + n, SL_SCORE_TEXT - (size_t)n, "%d episode%s, seed %" PRIu64 ")", n_episodes,
                  n_episodes == 1 ? "" : "s", seed);
    if (score->win_rate >= 0)
        (void)snprintf(text + n, SL_SCORE_TEXT - (size_t)n, ", won %.1f%% [%.1f, %.1f]", 100 * score->win_rate,
                       100 * score->win_low, 100 * score->win_high);
    return text;
}

void sl_score_set_wins(const sl_score *score, json_t *object, bool *failed) {
    if (score->win_rate < 0) return;
    json_t *interval = json_pack("{s:f,s:f}", "low", score->win_low, "high", score->win_high);
    SL_JSON_SET(object, failed, {"win_rate", sl_json_number(score->win_rate)}, {"win_rate_ci95", interval});
}

sl_status sl_step_times_of(const sl_evaluation *flight, sl_step_times *out) {
    *out = (sl_step_times){0};
    int n = (int)flight->n_ticks;
    if (n == 0) return SL_OK;
    double *ms = sl_alloc_array((size_t)n, sizeof *ms);
    if (!ms) return sl_fail(SL_MEMORY, NULL, "no memory for %d ticks", n);
    for (int t = 0; t < n; t++) ms[t] = (double)flight->tick_ns[t] / 1e6;
    out->mean = sl_mean(n, ms);
    sl_sort(n, ms);
    out->p50 = sl_percentile(n, ms, 50);
    out->p99 = sl_percentile(n, ms, 99);
    out->per_second = 1000 / out->mean;
    sl_free(ms);
    return SL_OK;
}

int sl_flight_differs(const sl_evaluation *students, const sl_evaluation *flight) {
    int both = students->n_episodes < flight->n_episodes ? students->n_episodes : flight->n_episodes, differ = 0;
    size_t row = (size_t)flight->n_agents * sizeof *flight->returns;
    for (int e = 0; e < both; e++) {
        size_t at = (size_t)e * (size_t)flight->n_agents;
        differ += memcmp(students->returns + at, flight->returns + at, row) != 0;
    }
    return differ;
}

// ------------------------------------------------------------------------------------------------------ making

static json_t *json_of_score(const sl_evaluation *results, const sl_score *score, bool *failed) {
    json_t *object = json_object(), *ret = json_object(), *agents = json_array();
    SL_JSON_SET(ret, failed, {"mean", sl_json_number(score->mean)}, {"ci95", sl_json_number(score->ci95)},
                {"sd", sl_json_number(score->sd)}, {"min", sl_json_number(score->min)},
                {"max", sl_json_number(score->max)});
    for (int i = 0; i < results->n_agents; i++) {
        double sum = 0;
        for (int e = 0; e < results->n_episodes; e++) {
            sum += results->returns[(size_t)e * (size_t)results->n_agents + (size_t)i];
        }
        if (json_array_append_new(agents, sl_json_number(sum / results->n_episodes)) != 0) *failed = true;
    }
    SL_JSON_SET(object, failed, {"episodes", json_integer(results->n_episodes)}, {"return", ret},
                {"agent_returns", agents}, {"episode_length", sl_json_number(score->length)});
    sl_score_set_wins(score, object, failed);
    return object;
}

// what a policy costs: n_actors networks decide in each step, one file is on each device
static void set_cost(json_t *object, int n_actors, int n_files, const sl_policy *policies, bool *failed) {
    double flops = 0, bytes = 0, params = 0;
    json_t *agents = json_array();
    for (int i = 0; i < n_actors; i++) {
        const sl_policy *policy = &policies[i < n_files ? i : n_files - 1];
        const sl_profile *p = &policy->profile;
        flops += p->flops;
        bytes += (double)p->n_bytes;
        params += (double)sl_net_n_params(&policy->def);
        if (n_files == 1) continue;
        json_t *agent =
            json_pack("{s:i,s:s,s:s,s:s,s:i,s:f,s:I}", "agent", p->agent, "role", p->role, "cell", p->cell, "mask",
                      p->mask, "hidden", p->hidden, "flops", p->flops, "bytes", (json_int_t)p->n_bytes);
        if (json_array_append_new(agents, agent) != 0) *failed = true;
    }
    SL_JSON_SET(object, failed, {"flops_per_step", sl_json_number(flops)}, {"bytes", json_integer((json_int_t)bytes)},
                {"parameters", json_integer((json_int_t)params)});
    if (n_files > 1)
        sl_json_set(object, "agents", agents, failed);
    else
        json_decref(agents);
}

/* What scores are put beside: of the same run and the same episodes. */
typedef struct yardstick {
    bool known;
    sl_scale scale;
    const sl_score *random, *teacher;
} yardstick;

static yardstick make_yardstick(const sl_scores *scores, const sl_score score[SL_SCORED_KINDS]) {
    const sl_score *random = &score[SL_SCORED_RANDOM], *teacher = &score[SL_SCORED_TEACHER];
    return (yardstick){.known = scores->results[SL_SCORED_RANDOM].n_episodes > 0 &&
                                scores->results[SL_SCORED_TEACHER].n_episodes > 0,
                       .scale = sl_scale_of(random->mean, random->ci95, teacher->mean, teacher->ci95),
                       .random = random,
                       .teacher = teacher};
}

// where random play is 0 and the teacher 1; retention: what a student has of the teacher's
static void set_scaled(json_t *object, const yardstick *y, const sl_score *own, bool student, bool *failed) {
    if (!y->known) return;
    bool can_win = own->win_rate >= 0;
    double kept = sl_scale_score(&y->scale, own->mean), wins = y->teacher->win_rate,
           random_wins = y->random->win_rate;
    sl_scale_set(object, "normalised", kept, y->scale.why_not, failed);
    // of the win rate where there is one
    if (student) sl_scale_set(object, can_win ? "return_retention" : "retention", kept, y->scale.why_not, failed);
    if (!can_win) return;
    const char *why_not = wins <= 0             ? "the teacher wins nothing"
                          : wins <= random_wins ? "the teacher wins no more often than random play"
                                                : NULL;
    sl_scale_set(object, "win_rate_normalised", (own->win_rate - random_wins) / (wins - random_wins), why_not,
                 failed);
    if (student) sl_scale_set(object, "retention", own->win_rate / wins, why_not, failed);
}

static sl_status make_policies(const sl_run *run, const sl_scores *scores, json_t *policies, bool *failed) {
    sl_score score[SL_SCORED_KINDS] = {{0}};
    for (int i = 0; i < SL_SCORED_KINDS; i++) {
        if (scores->results[i].n_episodes > 0) SL_TRY(sl_score_of(run->spec, &scores->results[i], &score[i]));
    }
    yardstick scale = make_yardstick(scores, score);
    for (int i = 0; i < SL_SCORED_KINDS; i++) {
        const sl_evaluation *results = &scores->results[i];
        if (results->n_episodes == 0) continue;
        json_t *object = json_of_score(results, &score[i], failed);
        bool student = i == SL_SCORED_STUDENTS || i == SL_SCORED_FLEET;
        set_scaled(object, &scale, &score[i], student, failed);
        if (student) set_cost(object, run->n_students, run->n_students, run->students, failed);
        if (i == SL_SCORED_TEACHER) set_cost(object, run->spec->n_agents, 1, &run->teacher, failed);
        sl_json_set(policies, scored_names[i], object, failed);
    }
    return SL_OK;
}

static json_t *make_flight(const sl_scores *scores, bool *failed) {
    const sl_evaluation *students = &scores->results[SL_SCORED_STUDENTS], *fleet = &scores->results[SL_SCORED_FLEET];
    int compared = students->n_episodes < fleet->n_episodes ? students->n_episodes : fleet->n_episodes;
    int differ = sl_flight_differs(students, fleet);
    json_t *object = json_object();
    SL_JSON_SET(object, failed, {"episodes_compared", json_integer(compared)},
                {"episodes_equal", json_integer(compared - differ)},
                {"equals_in_process", json_boolean(differ == 0)});
    return object;
}

static int ascending(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

// wall time of an environment step in the flown fleet; sorts the ticks
static json_t *make_ticks(const sl_evaluation *fleet, bool *failed) {
    double sum = 0;
    for (int64_t t = 0; t < fleet->n_ticks; t++) sum += (double)fleet->tick_ns[t];
    qsort(fleet->tick_ns, (size_t)fleet->n_ticks, sizeof *fleet->tick_ns, ascending);
    double n = (double)fleet->n_ticks;
    int64_t middle = fleet->n_ticks / 2, late = fleet->n_ticks * 99 / 100;
    json_t *object = json_object();
    SL_JSON_SET(object, failed, {"mean", sl_json_number(sum / n / 1e6)},
                {"p50", sl_json_number((double)fleet->tick_ns[middle] / 1e6)},
                {"p99", sl_json_number((double)fleet->tick_ns[late] / 1e6)});
    return object;
}

static json_t *make_timing(const sl_scores *scores, json_t *timing, json_t *restarts, double seconds, bool *failed) {
    json_t *object = json_object(), *evaluation = json_object();
    sl_json_set(object, "total_seconds", sl_json_number(seconds), failed);
    if (timing) *failed |= json_object_update(object, timing) != 0;
    if (restarts) sl_json_set(object, "restarts", json_incref(restarts), failed);
    for (int i = 0; i < SL_SCORED_KINDS; i++) {
        const sl_evaluation *results = &scores->results[i];
        double steps = 0;
        for (int e = 0; e < results->n_episodes; e++) steps += results->lengths[e];
        if (steps <= 0) continue;
        sl_json_set(evaluation, scored_names[i], sl_json_number(1000 * results->seconds / steps), failed);
    }
    sl_json_set(object, "evaluation_ms_per_step", evaluation, failed);
    const sl_evaluation *fleet = &scores->results[SL_SCORED_FLEET];
    if (fleet->n_ticks > 0) sl_json_set(object, "fleet_ms_per_step", make_ticks(fleet, failed), failed);
    return object;
}

// under which the students learned, were evaluated and flown
static void set_links(const sl_run *run, json_t *report, bool *failed) {
    const sl_links *links = run->setup->links;
    if (sl_links_is_none(links)) return;
    SL_JSON_SET(report, failed, {"links", json_string(links->text)},
                {"links_teacher", json_string(run->experiment->links.teaches_stale ? "stale" : "fresh")},
                {"execution", json_string(sl_execution_name(links->execution))});
}

sl_status sl_report_make(const sl_run *run, const sl_scores *scores, json_t *timing, json_t *restarts, double seconds,
                         json_t **out) {
    const sl_experiment *e = run->experiment;
    bool failed = false;
    json_t *report = json_object(), *policies = json_object();
    SL_JSON_SET(report, &failed, {"format", json_integer(REPORT_FORMAT)}, {"version", json_string(SL_VERSION)},
                {"experiment", json_string(e->name)}, {"seed", sl_json_seed(e->seed)},
                {"threads", json_integer(e->threads)}, {"env", json_string(run->spec->name)},
                {"n_agents", json_integer(run->spec->n_agents)});
    if (run->spec->opposed) sl_json_set(report, "opposed_sides", json_true(), &failed);
    SL_JSON_SET(report, &failed, {"method", json_string(e->method == SL_EXP_DIRECT ? "direct" : "kd-marl")},
                {"config_hash", json_string(run->config_hash)},
                {"evaluation_seed", json_integer((json_int_t)e->eval.seed)});
    set_links(run, report, &failed);
    sl_status status = make_policies(run, scores, policies, &failed);
    sl_json_set(report, "policies", policies, &failed);
    double teacher = 0, students = 0;
    if (sl_json_find_number(report, "policies.teacher.flops_per_step", &teacher) &&
        sl_json_find_number(report, "policies.students.flops_per_step", &students) && students > 0) {
        sl_json_set(report, "flops_ratio", sl_json_number(teacher / students), &failed);
    }
    if (scores->results[SL_SCORED_FLEET].n_episodes > 0) {
        sl_json_set(report, "flight", make_flight(scores, &failed), &failed);
    }
    sl_json_set(report, "timing", make_timing(scores, timing, restarts, seconds, &failed), &failed);
    if (status == SL_OK && failed) status = sl_fail(SL_MEMORY, NULL, "no memory for the report");
    if (status != SL_OK)
        json_decref(report);
    else
        *out = report;
    return status;
}

// ------------------------------------------------------------------------------------------------------ files

sl_status sl_report_save(const json_t *report, const char *path) {
    size_t flags = JSON_INDENT(2) | JSON_REAL_PRECISION(9);
    size_t n = json_dumpb(report, NULL, 0, flags);
    char *text = n > 0 ? sl_alloc(n + 1) : NULL;
    if (!text) return sl_fail(SL_MEMORY, NULL, "no memory for the report");
    (void)json_dumpb(report, text, n, flags);
    text[n] = '\n';
    sl_status status = sl_file_replace(path, text, n + 1);
    sl_free(text);
    return status;
}

static sl_status check_report(const char *path, const json_t *report) {
    double format = 0;
    if (!sl_json_find_number(report, "format", &format))
        return sl_fail(SL_CORRUPT, "it is made by 'starling train'", "'%s' is no report: 'format' is missing", path);
    if (format != REPORT_FORMAT)
        return sl_fail(SL_MISMATCH, NULL, "'%s' has format %g, this version reads %d", path, format, REPORT_FORMAT);
    const char *const texts[] = {"experiment", "env", "method"};
    for (int i = 0; i < 3; i++) {
        const char *text = json_string_value(json_object_get(report, texts[i]));
        if (!text || !sl_utf8_is_plain(text))
            return sl_fail(SL_CORRUPT, NULL, "'%s': '%s' is missing or no plain text", path, texts[i]);
    }
    const json_t *seed = json_object_get(report, "seed");
    if (!(json_is_integer(seed) || json_is_string(seed)) || !json_is_object(json_object_get(report, "policies")))
        return sl_fail(SL_CORRUPT, NULL, "'%s': 'seed' or 'policies' is missing", path);
    return SL_OK;
}

// how one comes to a report, by what the folder is instead of a finished run
static const char *hint_for(const char *folder, char hint[256]) {
    if (!sl_run_has(folder, "experiment.yaml")) return "a run is what 'starling train' leaves behind";
    // only a run has trained there
    if (sl_run_has(folder, "metrics") || sl_run_has(folder, "checkpoints") || !sl_run_has(folder, "students"))
        return "it is written at the end of 'starling train'; --resume finishes a run";
    int n = snprintf(hint, 256, "it is a model folder: 'starling eval %s --policy students' measures it", folder);
    return n < 256 ? hint : "it is a model folder: 'starling eval' measures it";
}

// what the report is of must still be what it was; files that are gone say nothing wrong
static sl_status check_manifest(const char *folder) {
    sl_manifest *manifest = NULL;
    SL_TRY(sl_manifest_open(folder, &manifest));
    const char *const names[] = {"report.json", "experiment.yaml", SL_TEACHER_FILE};
    sl_status status = SL_OK;
    for (int i = -3; i < SL_EXP_MAX_AGENTS && (status == SL_OK || status == SL_NOT_FOUND); i++) {
        char student[SL_MANIFEST_FILE_NAME];
        (void)snprintf(student, sizeof student, SL_STUDENT_FILE, i);
        status = sl_manifest_check(manifest, i < 0 ? names[i + 3] : student);
    }
    sl_manifest_close(&manifest);
    return status == SL_NOT_FOUND ? SL_OK : status;
}

sl_status sl_report_load(const char *folder, json_t **out) {
    char path[SL_RUN_PATH], hint[256];
    SL_TRY(sl_run_path(folder, "report.json", path));
    if (access(folder, F_OK) != 0)
        return sl_fail(SL_NOT_FOUND, "a run is what 'starling train' leaves behind, such as runs/spread-seed1",
                       "there is no run '%s'", folder);
    if (access(path, R_OK) != 0)
        return sl_fail(SL_NOT_FOUND, hint_for(folder, hint), "'%s' has no report.json", folder);
    SL_TRY(check_manifest(folder));
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    SL_TRY(sl_file_read(path, MAX_REPORT_BYTES, &bytes, &n_bytes));
    json_error_t error;
    json_t *report = json_loadb((const char *)bytes, n_bytes, JSON_REJECT_DUPLICATES, &error);
    sl_free(bytes);
    if (!report) return sl_fail(SL_CORRUPT, NULL, "'%s': line %d: %s", path, error.line, error.text);
    sl_status status = check_report(path, report);
    if (status != SL_OK)
        json_decref(report);
    else
        *out = report;
    return status;
}

// ------------------------------------------------------------------------------------------------------ printing

enum { POLICY, RETURN, WON, NORMALISED, RETENTION, RETURN_RETENTION, FLOPS, BYTES, MS, N_CELLS };

static void set_number(sl_table *table, int column, const json_t *from, const char *field, int digits, double factor,
                       const char *unit) {
    double x = 0;
    if (sl_json_find_number(from, field, &x)) sl_table_set(table, column, "%.*f%s", digits, factor * x, unit);
}

static void set_cells(sl_table *table, const json_t *report, const json_t *policy, const char *name) {
    double mean = 0, ci = 0, low = 0, high = 0;
    sl_table_set(table, POLICY, "%s", name);
    if (sl_json_find_number(policy, "return.mean", &mean)) {
        // one episode has no interval
        bool has_ci = sl_json_find_number(policy, "return.ci95", &ci);
        sl_table_set(table, RETURN, has_ci ? "%.2f \u00b1 %.2f" : "%.2f", mean, ci);
    }
    if (sl_json_find_number(policy, "win_rate", &mean) && sl_json_find_number(policy, "win_rate_ci95.low", &low) &&
        sl_json_find_number(policy, "win_rate_ci95.high", &high)) {
        sl_table_set(table, WON, "%.1f [%.1f, %.1f]", 100 * mean, 100 * low, 100 * high);
    }
    set_number(table, NORMALISED, policy, "normalised", 3, 1, "");
    set_number(table, RETENTION, policy, "retention", 1, 100, "%");
    set_number(table, RETURN_RETENTION, policy, "return_retention", 1, 100, "%");
    set_number(table, FLOPS, policy, "flops_per_step", 0, 1, "");
    set_number(table, BYTES, policy, "bytes", 0, 1, "");
    if (strcmp(name, "fleet") == 0) set_number(table, MS, report, "timing.fleet_ms_per_step.mean", 3, 1, "");
}

// and whose: the other rows are fresh
static void print_links(const json_t *report) {
    const char *teacher = json_string_value(json_object_get(report, "links_teacher"));
    const char *links = json_string_value(json_object_get(report, "links"));
    const char *execution = json_string_value(json_object_get(report, "execution"));
    if (links && execution && sl_utf8_is_plain(links) && sl_utf8_is_plain(execution))
        sl_print_wrapped(stdout, 2, "links of %sstudents and fleet: %s, %s\n",
                         teacher && strcmp(teacher, "stale") == 0 ? "teacher, " : "", links, execution);
}

// why cells that are there for other runs are blank
static void print_notes(const json_t *report) {
    static const char *const keys[] = {"normalised", "retention", "return_retention"};
    static const char *const names[] = {"normalised score", "retention", "return retention"};
    const json_t *students = json_object_get(json_object_get(report, "policies"), "students");
    bool any = false;
    for (int i = 0; i < 3; i++) {
        const char *reason = sl_scale_reason(students, keys[i]);
        if (!reason) continue;
        sl_print_wrapped(stdout, 2, "%sno %s: %s\n", any ? "" : "\n", names[i], reason);
        any = true;
    }
    if (json_is_true(json_object_get(report, "opposed_sides"))) {
        if (!any) printf("\n");
        sl_print_sides(json_string_value(json_object_get(report, "env")));
    }
}

sl_status sl_report_print(const json_t *report) {
    static const char *const titles[N_CELLS] = {"policy",     "return (95% CI)", "won % (95% CI)",
                                                "normalised", "retention",       "return retention",
                                                "FLOPs/step", "bytes",           "ms/step"};
    sl_table *table = NULL;
    SL_TRY(sl_table_create(N_CELLS, 1, titles, &table));
    // only where there is something to win
    sl_table_hide_empty(table, WON);
    sl_table_hide_empty(table, RETURN_RETENTION);
    sl_status status = SL_OK;
    const json_t *policies = json_object_get(report, "policies");
    for (int i = 0; i < SL_SCORED_KINDS && status == SL_OK; i++) {
        const json_t *policy = json_object_get(policies, scored_names[i]);
        if (!policy) continue;
        status = sl_table_add_row(table);
        if (status == SL_OK) set_cells(table, report, policy, scored_names[i]);
    }
    if (status == SL_OK) {
        sl_table_print(table, stdout);
        print_notes(report);
        double ratio = 0, compared = 0, equal = 0;
        printf("\n");
        print_links(report);
        if (sl_json_find_number(report, "flops_ratio", &ratio)) {
            if (ratio >= 1)
                printf("The students together need %.1f times fewer FLOPs a step than the teacher.\n", ratio);
            else
                printf("The students together need %.1f times the teacher's FLOPs a step.\n", 1 / ratio);
        }
        if (sl_json_find_number(report, "flight.episodes_compared", &compared) &&
            sl_json_find_number(report, "flight.episodes_equal", &equal)) {
            printf("Flown and in-process returns: %.0f of %.0f episodes are equal.\n", equal, compared);
        }
    }
    sl_table_destroy(&table);
    return status;
}
