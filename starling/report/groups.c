/* groups.c - see groups.h. */
#include "starling/report/groups.h"

#include "common/alloc.h"
#include "starling/report/report.h"
#include "starling/report/scale.h"
#include "starling/run/output.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { N_RESAMPLES = 10000 };

static const char *text_of(const json_t *report, const char *key) {
    const char *text = json_string_value(json_object_get(report, key));
    return text ? text : "";
}

static bool policy_number(const json_t *report, const char *policy, const char *field, double *out) {
    char dotted[128];
    (void)snprintf(dotted, sizeof dotted, "policies.%s.%s", policy, field);
    return sl_json_find_number(report, dotted, out);
}

static sl_status refuse_twins(int n, json_t *const *reports) {
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < i; j++) {
            bool same_seed = json_equal(json_object_get(reports[i], "seed"), json_object_get(reports[j], "seed"));
            if (!same_seed || strcmp(text_of(reports[i], "experiment"), text_of(reports[j], "experiment")) != 0)
                continue;
            const json_t *seed = json_object_get(reports[i], "seed");
            char digits[24];
            (void)snprintf(digits, sizeof digits, "%lld", (long long)json_integer_value(seed));
            return sl_fail(SL_MISMATCH, "seeds are samples: give each once", "'%s' with seed %s is given twice",
                           text_of(reports[i], "experiment"),
                           json_is_string(seed) ? json_string_value(seed) : digits);
        }
    }
    return SL_OK;
}

// the scale of an environment: mean teacher and random returns over all runs on it that have both
static bool find_scale(int n, json_t *const *reports, const char *env, sl_scale *out) {
    double sums[2] = {0, 0};
    int count = 0;
    for (int i = 0; i < n; i++) {
        double r = 0, t = 0;
        if (strcmp(text_of(reports[i], "env"), env) != 0) continue;
        if (!policy_number(reports[i], "random", "return.mean", &r)) continue;
        if (!policy_number(reports[i], "teacher", "return.mean", &t)) continue;
        sums[0] += r;
        sums[1] += t;
        count++;
    }
    if (count > 0) *out = sl_scale_of(sums[0] / count, NAN, sums[1] / count, NAN);
    return count > 0;
}

/* The values of one group, a row a measure, and why one that could be there is not. */
typedef struct samples {
    int n[SL_MEASURES];
    double values[SL_MEASURES][SL_MAX_RUNS];
    const char *reasons[SL_MEASURES];
} samples;

static void add(samples *s, int which, double value) {
    s->values[which][s->n[which]++] = value;
}

// a share of the teacher, which the run's scale must bear when it is one of returns
static void add_share(samples *s, int which, const json_t *report, const char *policy, const char *key,
                      const sl_scale *scale) {
    double x = 0;
    const json_t *object = json_object_get(json_object_get(report, "policies"), policy);
    const char *reason = sl_scale_reason(object, key);
    bool there = sl_json_find_number(object, key, &x);
    if (scale && scale->why_not && (there || reason)) reason = scale->why_not;
    if (reason)
        s->reasons[which] = reason;
    else if (there)
        add(s, which, x);
}

static void collect_run(int n, json_t *const *reports, const json_t *report, const char *policy, samples *s) {
    double mean = 0, x = 0;
    sl_scale own, other;
    const sl_scale *scale = sl_scale_of_report(report, &own) ? &own : NULL;
    if (!policy_number(report, policy, "return.mean", &mean)) return;
    add(s, SL_MEASURE_RETURN, mean);
    bool can_win = policy_number(report, policy, "win_rate", &x);
    if (can_win) add(s, SL_MEASURE_WIN_RATE, x);
    add_share(s, SL_MEASURE_RETENTION, report, policy, "retention", can_win ? NULL : scale);
    add_share(s, SL_MEASURE_RETURN_RETENTION, report, policy, "return_retention", scale);
    add_share(s, SL_MEASURE_NORMALISED, report, policy, "normalised", scale);
    if (scale || !find_scale(n, reports, text_of(report, "env"), &other)) return;
    if (other.why_not)
        s->reasons[SL_MEASURE_NORMALISED] = other.why_not;
    else if (!policy_number(report, policy, "normalised", &x))
        add(s, SL_MEASURE_NORMALISED, sl_scale_score(&other, mean));
}

static void collect(int n, json_t *const *reports, const char *experiment, const char *policy, samples *s) {
    for (int i = 0; i < n; i++) {
        if (strcmp(text_of(reports[i], "experiment"), experiment) == 0)
            collect_run(n, reports, reports[i], policy, s);
    }
}

static sl_status summarise(const samples *s, sl_group *group) {
    sl_rng root = sl_rng_seed(0), named = sl_rng_split_name(&root, group->experiment);
    sl_rng stream = sl_rng_split_name(&named, group->policy);
    group->n = s->n[SL_MEASURE_RETURN];
    for (int m = 0; m < SL_MEASURES; m++) {
        // a measure that some seed lacks would be a mean over other seeds than its neighbours: left out
        group->has[m] = s->n[m] == group->n;
        group->why_not[m] = s->reasons[m];
        SL_TRY(sl_mean_over_seeds(s->n[m], s->values[m], N_RESAMPLES, &stream, &group->measured[m]));
    }
    // a share of episodes ends where it ends
    sl_interval *won = &group->measured[SL_MEASURE_WIN_RATE];
    won->low = fmax(won->low, 0);
    won->high = fmin(won->high, 1);
    return SL_OK;
}

static bool seen_before(int i, json_t *const *reports) {
    for (int j = 0; j < i; j++) {
        if (strcmp(text_of(reports[i], "experiment"), text_of(reports[j], "experiment")) == 0) return true;
    }
    return false;
}

static sl_status fill(int n_reports, json_t *const *reports, samples *s, sl_groups *groups) {
    for (int i = 0; i < n_reports; i++) {
        if (seen_before(i, reports)) continue;
        for (int p = 0; p < SL_SCORED_KINDS; p++) {
            sl_group *group = &groups->items[groups->n];
            memset(s->n, 0, sizeof s->n);
            memset(s->reasons, 0, sizeof s->reasons);
            (void)snprintf(group->experiment, sizeof group->experiment, "%s", text_of(reports[i], "experiment"));
            (void)snprintf(group->env, sizeof group->env, "%s", text_of(reports[i], "env"));
            (void)snprintf(group->policy, sizeof group->policy, "%s", sl_scored_name((sl_scored)p));
            collect(n_reports, reports, text_of(reports[i], "experiment"), group->policy, s);
            if (s->n[SL_MEASURE_RETURN] == 0) continue;
            SL_TRY(summarise(s, group));
            (void)policy_number(reports[i], group->policy, "flops_per_step", &group->flops);
            (void)policy_number(reports[i], group->policy, "bytes", &group->bytes);
            group->opposed = json_is_true(json_object_get(reports[i], "opposed_sides"));
            groups->n++;
        }
    }
    return SL_OK;
}

sl_status sl_groups_make(int n_reports, json_t *const *reports, sl_groups *out) {
    SL_TRY(refuse_twins(n_reports, reports));
    sl_groups groups = {0};
    // one more than can be filled, as the last attempt may find nothing
    groups.items = sl_alloc_array((size_t)n_reports * SL_SCORED_KINDS + 1, sizeof *groups.items);
    samples *s = sl_alloc(sizeof *s);
    sl_status status = groups.items && s ? fill(n_reports, reports, s, &groups)
                                         : sl_fail(SL_MEMORY, NULL, "no memory for %d reports", n_reports);
    sl_free(s);
    if (status != SL_OK)
        sl_groups_fini(&groups);
    else
        *out = groups;
    return status;
}

void sl_groups_fini(sl_groups *self) {
    sl_free(self->items);
    *self = (sl_groups){0};
}
