/* markdown.c - study.md: a section for each run, a table for each sweep. */
#include "starling/study/study.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static const char *const sweep_titles[] = {"Fixed delay", "Random delay", "Presets", "Loss", "Dead links"};
static const char *const sweep_settings[] = {"delay each way, steps", "delay each way, steps", "preset",
                                             "lost each way", "dead links"};

static void put_interval(const sl_interval *i, double scale, int digits, FILE *file) {
    (void)fprintf(file, " %.*f [%.*f, %.*f] |", digits, scale * i->mean, digits, scale * i->low, digits,
                  scale * i->high);
}

static void put_age(double age, FILE *file) {
    if (isnan(age))
        (void)fputs(" -", file);
    else if (isinf(age))
        (void)fputs(" never", file);
    else
        (void)fprintf(file, " %.0f", age);
}

// p50, p90, p99, p99.9, max
static void put_ages(const sl_study_ages *a, FILE *file) {
    const double values[] = {a->p50, a->p90, a->p99, a->p999, a->max};
    if (isnan(a->p50)) {
        (void)fputs(" - |", file);
        return;
    }
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        if (i > 0) (void)fputs(",", file);
        put_age(values[i], file);
    }
    (void)fputs(" |", file);
}

static void put_percent(double share, FILE *file) {
    if (isnan(share))
        (void)fputs(" - |", file);
    else
        (void)fprintf(file, " %.2f |", 100 * share);
}

static bool has_execution(const sl_study_section *section, int execution, int sweep) {
    for (int i = 0; i < section->n; i++)
        if ((int)section->points[i].execution == execution && (int)section->points[i].sweep == sweep) return true;
    return false;
}

// the i-th point of an execution and sweep
static int find_point(const sl_study_section *section, int execution, int sweep, int i) {
    for (int k = 0; k < section->n; k++) {
        const sl_study_point *p = &section->points[k];
        if ((int)p->execution == execution && (int)p->sweep == sweep && i-- == 0) return k;
    }
    return -1;
}

// a row a setting, a column an execution: what people look for first
static void put_scores(const sl_study_section *section, int sweep, bool wins, FILE *file) {
    int first = -1;
    (void)fprintf(file, "\n%s\n\n| %s |", wins ? "Episodes won, %:" : "Return:", sweep_settings[sweep]);
    for (int e = 0; e < SL_STUDY_FRESH; e++) {
        if (!has_execution(section, e, sweep)) continue;
        if (first < 0) first = e;
        (void)fprintf(file, " %s |", sl_study_execution_label((sl_study_execution)e));
    }
    (void)fputs("\n|---|", file);
    for (int e = 0; e < SL_STUDY_FRESH; e++)
        if (has_execution(section, e, sweep)) (void)fputs("---|", file);
    (void)fputc('\n', file);
    for (int i = 0; find_point(section, first, sweep, i) >= 0; i++) {
        (void)fprintf(file, "| %s |", section->points[find_point(section, first, sweep, i)].setting);
        for (int e = 0; e < SL_STUDY_FRESH; e++) {
            int k = find_point(section, e, sweep, i);
            if (k < 0) continue;
            const sl_study_numbers *n = &section->rows[k].numbers;
            put_interval(wins ? &n->won : &n->mean_return, wins ? 100 : 1, wins ? 1 : 2, file);
        }
        (void)fputc('\n', file);
    }
}

static void put_details(const sl_study_section *section, int sweep, FILE *file) {
    (void)fprintf(file,
                  "\nAges in steps as p50, p90, p99, p99.9, max; the rest in %%, the longest run of "
                  "misses in steps:\n\n| %s | execution | observation age | action age | missed | longest run | "
                  "fallback | diverged |\n|---|---|---|---|---|---|---|---|\n",
                  sweep_settings[sweep]);
    for (int i = 0; i < section->n; i++) {
        const sl_study_point *p = &section->points[i];
        const sl_study_numbers *n = &section->rows[i].numbers;
        if ((int)p->sweep != sweep) continue;
        (void)fprintf(file, "| %s | %s |", p->setting, sl_study_execution_name(p->execution));
        put_ages(&n->observation, file);
        put_ages(&n->action, file);
        put_percent(n->miss_rate, file);
        put_age(n->longest_run, file);
        (void)fputs(" |", file);
        put_percent(n->fallback_rate, file);
        put_percent(n->divergence, file);
        (void)fputc('\n', file);
    }
}

static void put_figures(const sl_study_section *section, int sweep, FILE *file) {
    static const char *const measures[] = {"return", "won", "divergence"};
    if (sweep == SL_STUDY_JITTER) return;
    for (int m = 0; m < 3; m++) {
        if ((m == 1 && !section->can_win) || (m == 2 && sweep != SL_STUDY_DELAY)) continue;
        (void)fprintf(file, "\n![%s: %s against %s](plots/%s-%s-%s.svg)\n", section->label, measures[m],
                      sweep_settings[sweep], section->label, sl_study_sweep_name((sl_study_sweep)sweep), measures[m]);
    }
}

static void put_summary(const sl_study_section *section, FILE *file) {
    char text[SL_STUDY_TEXT];
    (void)fprintf(file, "\n## %s\n\n%s, %d agents, at most %d steps of %.4g ms.", section->label, section->env,
                  section->n_agents, section->max_steps, section->step_ms);
    const sl_study_row *fresh = sl_study_find(section, SL_STUDY_FRESH, SL_STUDY_NONE, 0);
    if (fresh) {
        const sl_study_numbers *n = &fresh->numbers;
        (void)fprintf(file, " The teacher without links: return %.2f [%.2f, %.2f]", n->mean_return.mean,
                      n->mean_return.low, n->mean_return.high);
        if (section->can_win)
            (void)fprintf(file, ", won %.1f %% [%.1f, %.1f]", 100 * n->won.mean, 100 * n->won.low, 100 * n->won.high);
        (void)fputc('.', file);
    }
    if (section->n_fresh > 0)
        (void)fprintf(file, " Executed centrally without delay, %d of its %d episodes are the same.", section->n_same,
                      section->n_fresh);
    (void)fputs("\n", file);
    if (section->by_return.is_known) {
        (void)fprintf(file, "\nTeacher central falls below students on board:\n\n- %s\n",
                      sl_study_crossover_text(section, &section->by_return, "return", text));
        if (section->by_won.is_known)
            (void)fprintf(file, "- %s\n", sl_study_crossover_text(section, &section->by_won, "win rate", text));
    }
}

// the points that processes flew again
static void put_flown(const sl_study_section *section, FILE *file) {
    bool is_first = true;
    for (int i = 0; i < section->n; i++) {
        const sl_study_point *p = &section->points[i];
        const sl_study_row *row = &section->rows[i];
        if (row->flown == 0) continue;
        if (is_first)
            (void)fputs("\n### Flown by processes\n\n| execution | point | episodes | equal |\n|---|---|---|---|\n",
                        file);
        is_first = false;
        (void)fprintf(file, "| %s | %s %s | %d | %d |\n", sl_study_execution_name(p->execution),
                      sl_study_sweep_name(p->sweep), p->setting, row->flown, row->equal);
    }
}

static void put_section(const sl_study_section *section, bool has_figures, FILE *file) {
    put_summary(section, file);
    for (int sweep = 0; sweep < SL_STUDY_SWEEPS; sweep++) {
        bool is_there = false;
        for (int e = 0; e < SL_STUDY_FRESH; e++) is_there |= has_execution(section, e, sweep);
        if (!is_there) continue;
        (void)fprintf(file, "\n### %s\n", sweep_titles[sweep]);
        if (has_figures) put_figures(section, sweep, file);
        put_scores(section, sweep, false, file);
        if (section->can_win) put_scores(section, sweep, true, file);
        put_details(section, sweep, file);
    }
    bool has_ages = has_execution(section, SL_STUDY_CENTRAL, SL_STUDY_PRESETS);
    for (int e = 0; e < SL_STUDY_FRESH; e++)
        has_ages |= has_execution(section, e, SL_STUDY_PRESETS) || has_execution(section, e, SL_STUDY_JITTER);
    if (has_figures && has_ages)
        (void)fprintf(file, "\n### Ages\n\n![%s: ages](plots/%s-ages.svg)\n", section->label, section->label);
    put_flown(section, file);
}

// docs/latency.md says more, but this file travels alone
static const char legend[] =
    "\n## How to read it\n\n"
    "- **on board**: each agent has its own student, senses at once and is told late what others must tell it\n"
    "- **remote**: the same students at the other end of the link: the observation goes there, the action comes "
    "back\n"
    "- **central**: the same way to and from the large teacher, which reads the observations of all\n"
    "- **crossover**: the delay each way from which on the teacher central does worse than students on board, on a "
    "straight line between two delays that were tried\n"
    "- **age**: of an observation, how many steps old what was decided on was (on board: what others tell, remote "
    "and "
    "central: all of it); of an action, how many steps ago its observation was made\n"
    "- **missed**: steps in which nothing newer had come: on board of what another tells, else of an agent's action\n"
    "- **longest run**: of such steps in a row\n"
    "- **fallback**: steps of an agent without a new action, in which its last one acted again\n"
    "- **diverged**: actions that are not what the same policy would have done in the same state without links\n"
    "- **`never`**: no age, as at that percentile nothing had come yet in the episode; the last of the five is the "
    "oldest that came\n"
    "- **`-`**: there is no such number: nothing came at all, or on board, where an action acts at once\n";

void sl_study_markdown(const sl_study *self, bool has_figures, FILE *file) {
    (void)fprintf(file,
                  "# A study of latency\n\n```\n%s\n```\n\n%d episodes a point, seed %" PRIu64
                  ", the evaluations took %.0f s. In brackets: 95 %% intervals, the percentile bootstrap's over "
                  "episodes, %d resamples.\n",
                  self->command, self->n_episodes, self->seed, self->seconds, SL_STUDY_RESAMPLES);
    (void)fputs(legend, file);
    for (int s = 0; s < self->n_sections; s++) put_section(&self->sections[s], has_figures, file);
}
