/* figures.c - see figures.h. */
#include "starling/commands/figures.h"

#include "starling/report/statistics.h"
#include "starling/run/interrupt.h"
#include "starling/run/json_program.h"
#include "starling/run/output.h"
#include "starling/run/scratch.h"
#include "starling/run/shipped.h"

#include "common/log.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define FLEET(N)                                                                                                     \
    {                                                                                                                \
        .name = "fleet of " #N, .words = {"bench", "fleet", "--agents", #N, "--seconds", "@seconds"}, .figures = {   \
            {"of_barrier.median", "of the bare barrier", "", false},                                                 \
            {"fleets.0.p50_ms", "a step", "ms", true},                                                               \
        }                                                                                                            \
    }
#define TRAIN(WHAT, FILE)                                                                                            \
    {                                                                                                                \
        .name = "train " WHAT, .words = {"bench", "train", FILE, "--seconds", "@seconds"}, .figures = {              \
            {"env_steps_per_second", "environment steps", "/s", false},                                              \
            {"peak_share", "of the sgemm peak", "", false},                                                          \
        }                                                                                                            \
    }
#define ENV(NAME)                                                                                                    \
    {                                                                                                                \
        .name = "env " NAME, .words = {"env", "bench", NAME, "--threads", "1", "--seconds", "@seconds"},             \
        .figures = {                                                                                                 \
            {"env_steps_per_second", "environment steps, one core", "/s", false},                                    \
        }                                                                                                            \
    }

static const sl_measure measures[] = {
    ENV("mpe/simple_spread_v3"),
    ENV("combat/3m"),
    ENV("combat/8m"),
    TRAIN("Spread", "experiments/mpe/spread.yaml"),
    TRAIN("reference-mappo", "experiments/mpe/reference-mappo.yaml"),
    TRAIN("five-agents", "experiments/mpe/five-agents.yaml"),
    TRAIN("3m", "experiments/combat/3m.yaml"),
    {.name = "inference",
     .words = {"bench", "inference", "--seconds", "@seconds"},
     .figures = {{"agents.0.ns_per_decision", "a decision of 16 units", "ns", true},
                 {"agents.1.ns_per_decision", "of 32", "ns", true},
                 {"agents.2.ns_per_decision", "of 64", "ns", true},
                 {"agents.3.ns_per_decision", "of 128", "ns", true},
                 {"agents.4.ns_per_decision", "of 256", "ns", true},
                 {"agents.0.plain_over_agent", "16 beside plain C", "", false},
                 {"agents.1.plain_over_agent", "32 beside plain C", "", false},
                 {"agents.4.plain_over_agent", "256 beside plain C", "", false}}},
    FLEET(3),
    FLEET(8),
    FLEET(16),
    FLEET(32),
    FLEET(64),
    {.name = "main job",
     .words = {"train", "experiments/mpe/spread.yaml", "--out", "@folder"},
     .figures = {{"timing.total_seconds", "all", "s", true},
                 {"timing.stage_seconds.teacher", "teacher", "s", true},
                 {"timing.stage_seconds.distill", "distill", "s", true},
                 {"timing.stage_seconds.fly", "fly", "s", true}},
     .only_once = true},
};

const sl_measure *sl_figures_measures(int *n) {
    *n = (int)(sizeof measures / sizeof measures[0]);
    return measures;
}

/* The command line of a measure, its words in memory of its own. */
typedef struct command {
    char text[SL_MEASURE_WORDS][SL_RUN_PATH];
    char *argv[SL_MEASURE_WORDS + 5];
    sl_scratch scratch;
} command;

static sl_status write_word(const sl_figures *self, const char *word, command *c, char out[SL_RUN_PATH]) {
    static const char shipped[] = "experiments/";
    if (strcmp(word, "@seconds") == 0) {
        (void)snprintf(out, SL_RUN_PATH, "%.3f", self->seconds);
        return SL_OK;
    }
    if (strcmp(word, "@folder") == 0) {
        SL_TRY(sl_scratch_create(NULL, &c->scratch));
        return sl_run_path(c->scratch.folder, "run", out);
    }
    if (strncmp(word, shipped, sizeof shipped - 1) == 0) return sl_shipped_find("experiments", word, out);
    (void)snprintf(out, SL_RUN_PATH, "%s", word);
    return SL_OK;
}

static sl_status write_command(const sl_figures *self, const sl_measure *measure, const char *program, command *c) {
    int n = 0;
    c->argv[n++] = (char *)(uintptr_t)program;
    for (int w = 0; w < SL_MEASURE_WORDS && measure->words[w]; w++) {
        SL_TRY(write_word(self, measure->words[w], c, c->text[w]));
        c->argv[n++] = c->text[w];
    }
    static char json[] = "--json", level[] = "--log-level", warn[] = "warn";
    c->argv[n++] = json;
    c->argv[n++] = level;
    c->argv[n++] = warn;
    c->argv[n] = NULL;
    return SL_OK;
}

static sl_figures_result *find_result(sl_figures *self, const sl_measure *measure, const sl_figure *figure) {
    for (int i = 0; i < self->n; i++)
        if (self->results[i].measure == measure && self->results[i].figure == figure) return &self->results[i];
    return NULL;
}

// a build that does not know a number has no value there
static void take(sl_figures *self, const sl_measure *measure, int side, const json_t *found) {
    for (int f = 0; f < SL_MEASURE_FIGURES && measure->figures[f].path; f++) {
        sl_figures_result *result = find_result(self, measure, &measure->figures[f]);
        double value = 0;
        if (sl_json_find_number(found, measure->figures[f].path, &value))
            result->values[side][result->n[side]++] = value;
    }
}

static sl_status run_one(sl_figures *self, const sl_measure *measure, int side) {
    static command c;
    json_t *found = NULL;
    c.scratch.folder[0] = '\0';
    sl_status status = write_command(self, measure, self->programs[side], &c);
    if (status == SL_OK) status = sl_json_program_run(self->programs[side], c.argv, &found);
    sl_scratch_remove(&c.scratch);
    if (status != SL_OK) return status;
    take(self, measure, side, found);
    json_decref(found);
    return SL_OK;
}

static bool is_wanted(const sl_figures *self, const sl_measure *measure) {
    return !self->only || strstr(measure->name, self->only);
}

static sl_status choose(sl_figures *self) {
    int n = 0;
    const sl_measure *all = sl_figures_measures(&n);
    self->n = self->n_failed = 0;
    for (int m = 0; m < n; m++) {
        if (!is_wanted(self, &all[m])) continue;
        for (int f = 0; f < SL_MEASURE_FIGURES && all[m].figures[f].path; f++)
            self->results[self->n++] = (sl_figures_result){.measure = &all[m], .figure = &all[m].figures[f]};
    }
    if (self->n > 0) return SL_OK;
    return sl_fail(SL_USAGE, "a part of a measure's name: env, train, inference, fleet, main job",
                   "--only '%.60s' names no measure", self->only);
}

sl_status sl_figures_run(sl_figures *self) {
    int n = 0;
    const sl_measure *all = sl_figures_measures(&n);
    SL_TRY(choose(self));
    int n_sides = self->programs[1] ? 2 : 1;
    for (int round = 0; round < self->n_rounds; round++) {
        for (int m = 0; m < n; m++) {
            if (!is_wanted(self, &all[m]) || (round > 0 && all[m].only_once)) continue;
            SL_INFO("round %d of %d: %s", round + 1, self->n_rounds, all[m].name);
            for (int s = 0; s < n_sides; s++) {
                SL_TRY(sl_interrupt_check());
                sl_status status = run_one(self, &all[m], (s + round) % n_sides);
                if (status == SL_INTERRUPTED) return status;
                // what was measured is not lost for it
                if (status == SL_OK) continue;
                SL_WARN("%s is left out: %s", all[m].name, sl_error_what());
                self->n_failed++;
            }
        }
    }
    return SL_OK;
}

static double median(int n, const double *values) {
    double sorted[SL_FIGURES_ROUNDS];
    if (n == 0) return (double)NAN;
    memcpy(sorted, values, (size_t)n * sizeof *sorted);
    sl_sort(n, sorted);
    return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

double sl_figures_median(const sl_figures_result *result, int side) {
    return median(result->n[side], result->values[side]);
}

void sl_figures_gain(const sl_figures_result *result, double out[3]) {
    double gains[SL_FIGURES_ROUNDS];
    int n = result->n[0] < result->n[1] ? result->n[0] : result->n[1];
    for (int i = 0; i < n; i++) {
        double ratio = result->values[0][i] / result->values[1][i];
        gains[i] = result->figure->less_is_better ? 1 / ratio : ratio;
    }
    out[0] = median(n, gains);
    out[1] = out[2] = out[0];
    for (int i = 0; i < n; i++) {
        if (gains[i] < out[1]) out[1] = gains[i];
        if (gains[i] > out[2]) out[2] = gains[i];
    }
}
