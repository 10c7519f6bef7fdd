/* plan.c - see plan.h. */
#include "starling/study/plan.h"

#include "common/alloc.h"
#include "links/links.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double losses[] = {0, 5, 10, 20, 30};
static const struct {
    double mean;
    const char *setting, *delay;
} jitters[] = {{6, "6 +- 3", "uniform 3 10 steps"}, {9, "9 +- 3", "uniform 6 13 steps"}};
enum { N_LOSSES = sizeof losses / sizeof losses[0], N_JITTERS = sizeof jitters / sizeof jitters[0] };

static const char *const execution_names[] = {"onboard", "remote", "central", "fresh"};
static const char *const execution_labels[] = {"students on board", "students remote", "teacher central",
                                               "teacher without links"};
static const char *const sweep_names[] = {"delay", "jitter", "presets", "loss", "dead", "none"};

const char *sl_study_execution_name(sl_study_execution which) {
    return execution_names[which];
}

const char *sl_study_execution_label(sl_study_execution which) {
    return execution_labels[which];
}

const char *sl_study_sweep_name(sl_study_sweep which) {
    return sweep_names[which];
}

// ------------------------------------------------------------------------------------------------- what is asked for

// by quarters below one step, where the first delay is felt: half a step each way makes a round trip of one
static const char default_delays_text[] = "0,0.25,0.5,0.75,1..12";
static const char delays_hint[] = "steps such as 0..12, or 0,3,6, or 0..4,8,12";

static sl_status bad_delays(const char *text) {
    return sl_fail(SL_USAGE, delays_hint, "--delays cannot be '%.60s'", text);
}

// in its place; one that is there already is not taken twice
static sl_status add_delay(sl_study_choice *choice, double delay) {
    int at = 0;
    while (at < choice->n_delays && choice->delays[at] < delay) at++;
    if (at < choice->n_delays && choice->delays[at] <= delay) return SL_OK;
    if (choice->n_delays == SL_STUDY_MAX_DELAYS)
        return sl_fail(SL_USAGE, "leave some out", "--delays: at most %d of them", SL_STUDY_MAX_DELAYS);
    memmove(choice->delays + at + 1, choice->delays + at, (size_t)(choice->n_delays - at) * sizeof *choice->delays);
    choice->delays[at] = delay;
    choice->n_delays++;
    return SL_OK;
}

// a number of at most four decimals, as it will stand in the section; NULL: none
static const char *read_delay(const char *at, double *out) {
    size_t n = strspn(at, "0123456789"), decimals = 0;
    // a dot before a dot is a range's
    if (at[n] == '.' && at[n + 1] != '.') decimals = strspn(at + n + 1, "0123456789");
    if (n == 0 || n > 6 || decimals > 4) return NULL;
    *out = strtod(at, NULL);
    return at + n + (decimals > 0 ? decimals + 1 : 0);
}

static sl_status add_delays(const char *text, const char **at, sl_study_choice *choice) {
    double first = 0, last = 0;
    *at = read_delay(*at, &first);
    if (!*at) return bad_delays(text);
    if (strncmp(*at, "..", 2) != 0) return add_delay(choice, first);
    *at = read_delay(*at + 2, &last);
    if (!*at || last < first || first != floor(first) || last != floor(last)) return bad_delays(text);
    for (int i = 0; i <= (int)(last - first); i++) SL_TRY(add_delay(choice, first + i));
    return SL_OK;
}

sl_status sl_study_parse_delays(const char *text, sl_study_choice *choice) {
    if (!text) text = default_delays_text;
    choice->n_delays = 0;
    for (const char *at = text;; at++) {
        at += strspn(at, " ");
        SL_TRY(add_delays(text, &at, choice));
        at += strspn(at, " ");
        if (!*at) return SL_OK;
        if (*at != ',') return bad_delays(text);
    }
}

static sl_status parse_names(const char *flag, const char *text, int n, const char *const *names, bool *chosen) {
    char hint[96] = "";
    for (int i = 0, at = 0; i < n; i++) {
        at += snprintf(hint + at, sizeof hint - (size_t)at, "%s%s", i > 0 ? ", " : "some of ", names[i]);
        chosen[i] = !text;
    }
    for (const char *word = text; word; word = strchr(word, ',') ? strchr(word, ',') + 1 : NULL) {
        size_t len = strcspn(word, ",");
        int i = 0;
        while (i < n && (strlen(names[i]) != len || strncmp(word, names[i], len) != 0)) i++;
        if (i == n) return sl_fail(SL_USAGE, hint, "--%s cannot be '%.*s'", flag, len < 60 ? (int)len : 60, word);
        chosen[i] = true;
    }
    return SL_OK;
}

sl_status sl_study_parse_sweeps(const char *text, sl_study_choice *choice) {
    return parse_names("sweeps", text, SL_STUDY_SWEEPS, sweep_names, choice->sweeps);
}

sl_status sl_study_parse_executions(const char *text, sl_study_choice *choice) {
    return parse_names("executions", text, SL_STUDY_EXECUTIONS, execution_names, choice->executions);
}

// -------------------------------------------------------------------------------------------------------- the points

/* Points are counted first, then written: points NULL. */
typedef struct list {
    sl_study_point *points;
    int n;
} list;

/* words: what stands in the section behind the execution, "" for links that do nothing. */
static void add(list *l, sl_study_execution execution, sl_study_sweep sweep, double x, const char *setting,
                const char *words) {
    if (l->points) {
        sl_study_point *p = &l->points[l->n];
        *p = (sl_study_point){.execution = execution, .sweep = sweep, .x = x};
        (void)snprintf(p->setting, sizeof p->setting, "%s", setting);
        (void)snprintf(p->links, sizeof p->links, "links: {execution: %s%s%.128s}\n",
                       execution == SL_STUDY_ONBOARD || execution == SL_STUDY_FRESH ? "onboard" : "remote",
                       words[0] ? ", " : "", words);
    }
    l->n++;
}

static void add_delay_points(list *l, sl_study_execution execution, const sl_study_choice *choice, int max_steps) {
    for (int i = 0; i < choice->n_delays && choice->delays[i] < max_steps; i++) {
        char setting[SL_STUDY_SETTING], words[SL_STUDY_LINKS] = "";
        double delay = choice->delays[i];
        (void)snprintf(setting, sizeof setting, "%.10g", delay);
        if (delay > 0) (void)snprintf(words, sizeof words, "delay: \"fixed %.10g steps\"", delay);
        add(l, execution, SL_STUDY_DELAY, delay, setting, words);
    }
}

static void add_jitter_points(list *l, sl_study_execution execution) {
    for (int i = 0; i < N_JITTERS; i++) {
        char words[SL_STUDY_LINKS];
        (void)snprintf(words, sizeof words, "delay: \"%s\", order: reorder", jitters[i].delay);
        add(l, execution, SL_STUDY_JITTER, jitters[i].mean, jitters[i].setting, words);
    }
}

static void add_preset_points(list *l, sl_study_execution execution) {
    for (int i = 0; sl_links_preset(i); i++) {
        char words[SL_STUDY_LINKS] = "";
        const char *name = sl_links_preset(i)->name;
        // nothing is late: the same as no delay
        if (strcmp(name, "ideal") != 0) (void)snprintf(words, sizeof words, "preset: %s", name);
        add(l, execution, SL_STUDY_PRESETS, i, name, words);
    }
}

static void add_loss_points(list *l, sl_study_execution execution) {
    for (int i = 0; i < N_LOSSES; i++) {
        char setting[SL_STUDY_SETTING], words[SL_STUDY_LINKS] = "";
        (void)snprintf(setting, sizeof setting, "%.10g %%", losses[i]);
        if (losses[i] > 0) (void)snprintf(words, sizeof words, "loss: \"%.10g\"", losses[i] / 100);
        add(l, execution, SL_STUDY_LOSS, losses[i], setting, words);
    }
}

// none, all, and of a large team some between
static void add_dead_points(list *l, sl_study_execution execution, int n_agents) {
    int n = n_agents < SL_STUDY_MAX_DEAD ? n_agents : SL_STUDY_MAX_DEAD - 1;
    for (int i = 0; i <= n; i++) {
        char setting[SL_STUDY_SETTING], words[SL_STUDY_LINKS] = "";
        int dead = (int)((long)n_agents * i / n);
        (void)snprintf(setting, sizeof setting, "%d of %d", dead, n_agents);
        if (dead == 1)
            (void)snprintf(words, sizeof words, "rules: [{agents: \"0\", loss: \"1\"}]");
        else if (dead > 1)
            (void)snprintf(words, sizeof words, "rules: [{agents: \"0..%d\", loss: \"1\"}]", dead - 1);
        add(l, execution, SL_STUDY_DEAD, dead, setting, words);
    }
}

static void add_all(list *l, const sl_study_choice *choice, const sl_study_team *team) {
    l->n = 0;
    for (int e = 0; e < SL_STUDY_FRESH; e++) {
        bool acts = e == SL_STUDY_CENTRAL ? team->has_teacher : team->has_students;
        if (!choice->executions[e] || !acts) continue;
        sl_study_execution execution = (sl_study_execution)e;
        if (choice->sweeps[SL_STUDY_DELAY]) add_delay_points(l, execution, choice, team->max_steps);
        if (choice->sweeps[SL_STUDY_JITTER]) add_jitter_points(l, execution);
        if (choice->sweeps[SL_STUDY_PRESETS]) add_preset_points(l, execution);
        if (choice->sweeps[SL_STUDY_LOSS]) add_loss_points(l, execution);
        if (choice->sweeps[SL_STUDY_DEAD]) add_dead_points(l, execution, team->n_agents);
    }
    if (!choice->executions[SL_STUDY_FRESH] || !team->has_teacher) return;
    add(l, SL_STUDY_FRESH, SL_STUDY_NONE, 0, "-", "");
}

sl_status sl_study_plan(const sl_study_choice *choice, const sl_study_team *team, bool default_delays,
                        sl_study_point **out, int *n) {
    double longest = choice->n_delays > 0 ? choice->delays[choice->n_delays - 1] : 0;
    if (!default_delays && choice->sweeps[SL_STUDY_DELAY] && longest >= team->max_steps)
        return sl_fail(SL_USAGE, "leave it out: nothing would ever arrive",
                       "--delays: %.10g steps are no less than an episode has, %d", longest, team->max_steps);
    list l = {NULL, 0};
    add_all(&l, choice, team);
    l.points = sl_alloc_array((size_t)l.n + 1, sizeof *l.points);
    if (!l.points) return sl_fail(SL_MEMORY, NULL, "no memory for %d points", l.n);
    add_all(&l, choice, team);
    *out = l.points;
    *n = l.n;
    return SL_OK;
}
