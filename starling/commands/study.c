/* study.c - starling study latency: what delay, jitter, loss and dead links do to runs, with tables and pictures. */
#include "starling/commands/command.h"
#include "starling/report/table.h"
#include "starling/run/output.h"
#include "starling/study/measure.h"

#include "common/alloc.h"
#include "common/log.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { EPISODES = 1280, COMMAND_BYTES = 1024 };

typedef struct choice {
    const char *delays, *sweeps, *executions, *fly, *out;
    int64_t episodes, seed;
    bool json, fresh;
    char folder[SL_RUN_PATH], command[COMMAND_BYTES];
    sl_study_choice points;
} choice;

// as it was typed, for the reader of study.md
static void note_command(const char *path, int argc, char **argv, char text[COMMAND_BYTES]) {
    size_t n = (size_t)snprintf(text, COMMAND_BYTES, "%s", path);
    for (int i = 1; i < argc && n < COMMAND_BYTES; i++) {
        bool is_plain = argv[i][0] && strcspn(argv[i], " '\"\\$*?;&|<>()") == strlen(argv[i]);
        n += (size_t)snprintf(text + n, COMMAND_BYTES - n, is_plain ? " %s" : " '%s'", argv[i]);
    }
}

// ------------------------------------------------------------------------------------------------------------ the
// runs

// the experiment's name; where several are called so, their seeds tell them apart, or their places
static void name_section(sl_study *study, int s, sl_run *const *runs) {
    const sl_experiment *own = runs[s]->experiment;
    bool is_alone = true, has_own_seed = true;
    for (int t = 0; t < study->n_sections; t++) {
        if (t == s || strcmp(runs[t]->experiment->name, own->name) != 0) continue;
        is_alone = false;
        has_own_seed &= runs[t]->experiment->seed != own->seed;
    }
    char *label = study->sections[s].label;
    if (is_alone)
        (void)snprintf(label, SL_STUDY_LABEL, "%.60s", own->name);
    else if (has_own_seed)
        (void)snprintf(label, SL_STUDY_LABEL, "%.60s-seed%llu", own->name, (unsigned long long)own->seed);
    else
        (void)snprintf(label, SL_STUDY_LABEL, "%.60s-%d", own->name, s + 1);
}

static sl_status open_run(const char *folder, sl_run **run) {
    SL_TRY(sl_run_open(folder, run));
    SL_TRY(sl_run_load_policies(*run, true, false));
    sl_status students = sl_run_load_policies(*run, false, true);
    if (students != SL_OK && students != SL_NOT_FOUND) return students;
    if (students == SL_OK && (*run)->has_teacher) return SL_OK;
    if (students != SL_OK && !(*run)->has_teacher)
        return sl_fail(SL_NOT_FOUND, "the run is not that far yet", "'%s' has neither a teacher nor all students",
                       folder);
    SL_WARN("'%s' has no %s: left out is what %s would execute", folder,
            students == SL_OK ? "teacher.safetensors" : "students", students == SL_OK ? "it" : "they");
    return SL_OK;
}

static sl_status plan(const choice *c, const sl_run *run, sl_study_section *section) {
    bool has_students = run->n_students == run->spec->n_agents;
    sl_study_team team = {run->spec->n_agents, run->spec->max_steps, has_students, run->has_teacher};
    section->env = run->spec->name;
    section->n_agents = run->spec->n_agents;
    section->max_steps = run->spec->max_steps;
    section->step_ms = run->setup->step_ms;
    section->can_win = run->spec->can_win;
    SL_TRY(sl_study_plan(&c->points, &team, !c->delays, &section->points, &section->n));
    section->rows = sl_alloc_array((size_t)section->n + 1, sizeof *section->rows);
    if (!section->rows) return sl_fail(SL_MEMORY, NULL, "no memory for %d points", section->n);
    if (section->n == 0)
        return sl_fail(SL_USAGE, "choose other --executions or --sweeps", "'%s': there is nothing to study",
                       run->folder);
    return SL_OK;
}

// ----------------------------------------------------------------------------------------------------------- the
// result

static void set_cell(sl_table *table, int column, const sl_study_section *section, int i, bool wins) {
    const sl_study_numbers *n = &section->rows[i].numbers;
    const sl_interval *v = wins ? &n->won : &n->mean_return;
    double scale = wins ? 100 : 1;
    int digits = wins ? 1 : 2;
    sl_table_set(table, column, "%.*f [%.*f, %.*f]", digits, scale * v->mean, digits, scale * v->low, digits,
                 scale * v->high);
}

// a row for each point of the links, a column for each execution
static sl_status print_scores(const sl_study_section *section, bool wins) {
    const char *const titles[] = {"links", "", "students on board", "students remote", "teacher central"};
    sl_table *table = NULL;
    SL_TRY(sl_table_create(5, 2, titles, &table));
    for (int e = 0; e < SL_STUDY_FRESH; e++) sl_table_hide_empty(table, 2 + e);
    sl_status status = SL_OK;
    for (int i = 0; i < section->n && status == SL_OK; i++) {
        const sl_study_point *p = &section->points[i];
        if (p->execution == SL_STUDY_FRESH) continue;
        int first = 0;
        // the first execution that has it makes the row
        while (section->points[first].sweep != p->sweep || strcmp(section->points[first].setting, p->setting) != 0)
            first++;
        if (first != i) continue;
        status = sl_table_add_row(table);
        if (status != SL_OK) break;
        sl_table_set(table, 0, "%s", sl_study_sweep_name(p->sweep));
        sl_table_set(table, 1, "%s", p->setting);
        for (int k = i; k < section->n; k++) {
            const sl_study_point *q = &section->points[k];
            if (q->sweep == p->sweep && strcmp(q->setting, p->setting) == 0)
                set_cell(table, 2 + (int)q->execution, section, k, wins);
        }
    }
    if (status == SL_OK) sl_table_print(table, stdout);
    sl_table_destroy(&table);
    return status;
}

static void print_flown(const sl_study_section *section) {
    int n_points = 0, flown = 0, equal = 0;
    for (int i = 0; i < section->n; i++) {
        n_points += section->rows[i].flown > 0;
        flown += section->rows[i].flown;
        equal += section->rows[i].equal;
    }
    if (n_points > 0)
        printf("flown by processes at %d point%s: %d of %d episodes are equal\n", n_points, n_points == 1 ? "" : "s",
               equal, flown);
}

static sl_status print_section(const sl_study_section *section) {
    char text[SL_STUDY_TEXT];
    // the teacher without links alone has no rows
    bool has_rows = section->points[0].execution != SL_STUDY_FRESH;
    printf("%s, %s: return%s\n\n", section->label, section->env, section->can_win ? ", then % won" : "");
    if (has_rows) {
        SL_TRY(print_scores(section, false));
        printf("\n");
    }
    if (has_rows && section->can_win) {
        SL_TRY(print_scores(section, true));
        printf("\n");
    }
    const sl_study_row *fresh = sl_study_find(section, SL_STUDY_FRESH, SL_STUDY_NONE, 0);
    if (fresh) printf("teacher without links: %.2f", fresh->numbers.mean_return.mean);
    if (fresh && section->can_win) printf(", won %.1f %%", 100 * fresh->numbers.won.mean);
    if (fresh) printf("\n");
    if (section->by_return.is_known)
        printf("%s\n", sl_study_crossover_text(section, &section->by_return, "return", text));
    if (section->by_won.is_known)
        printf("%s\n", sl_study_crossover_text(section, &section->by_won, "win rate", text));
    print_flown(section);
    printf("\n");
    return SL_OK;
}

static sl_status tell(const sl_study *study, const choice *c) {
    bool drawn = false;
    SL_TRY(sl_study_draw(study, c->folder, &drawn));
    SL_TRY(sl_study_write(study, c->folder, drawn));
    if (c->json) return sl_json_print(sl_study_json(study), false);
    for (int s = 0; s < study->n_sections; s++) SL_TRY(print_section(&study->sections[s]));
    sl_print_wrapped(stdout, 2, "%d episodes a point, %.0f s of evaluations. Everything is in %s: study.md\n",
                     study->n_episodes, study->seconds, c->folder);
    return SL_OK;
}

// --------------------------------------------------------------------------------------------------------- the
// command

static sl_status choose_folder(choice *c, const sl_study *study) {
    if (c->out && !*c->out) return sl_fail(SL_USAGE, "a folder's name", "--out cannot be ''");
    if (c->out && strlen(c->out) >= sizeof c->folder)
        return sl_fail(SL_USAGE, "choose a shorter one", "--out is too long");
    if (c->out)
        (void)snprintf(c->folder, sizeof c->folder, "%s", c->out);
    else if (study->n_sections == 1)
        (void)snprintf(c->folder, sizeof c->folder, "study-latency-%s", study->sections[0].label);
    else
        (void)snprintf(c->folder, sizeof c->folder, "study-latency");
    return SL_OK;
}

static sl_status work(choice *c, sl_study_work *w) {
    SL_TRY(choose_folder(c, w->study));
    SL_TRY(sl_study_store_open(c->folder, c->fresh, &w->store));
    SL_TRY(sl_study_prepare(w));
    if (w->n_kept > 0)
        SL_INFO("'%s' goes on: %d of %d evaluations are there", c->folder, w->n_kept, w->n_kept + w->n_missing);
    sl_status status = sl_study_measure(w);
    if (status == SL_OK && c->fly) status = sl_study_fly(w);
    if (status != SL_OK) {
        SL_INFO("what is evaluated is kept in '%s': the same command goes on", c->folder);
        return status;
    }
    SL_TRY(sl_study_settle(w->study));
    return tell(w->study, c);
}

static sl_status study_runs(choice *c, const sl_args *args, sl_study_work *w) {
    w->args = args;
    for (int s = 0; s < args->n; s++) SL_TRY(open_run(args->v[s], &w->runs[s]));
    w->study->n_sections = args->n;
    for (int s = 0; s < args->n; s++) {
        name_section(w->study, s, w->runs);
        SL_TRY(plan(c, w->runs[s], &w->study->sections[s]));
    }
    if (c->fly) SL_TRY(sl_study_choose_flights(w->study, c->fly));
    return work(c, w);
}

static sl_status parse(choice *c) {
    SL_TRY(sl_study_parse_delays(c->delays, &c->points));
    SL_TRY(sl_study_parse_sweeps(c->sweeps, &c->points));
    return sl_study_parse_executions(c->executions, &c->points);
}

sl_status sl_cmd_study_latency(const char *path, int argc, char **argv) {
    choice c = {.episodes = EPISODES, .seed = 1};
    const sl_option options[] = {
        {"delays", SL_OPTION_TEXT, "LIST", "fixed ones in steps, 0..12 or 0,3,6 (0,0.25,0.5,0.75,1..12)", &c.delays,
         0, 0},
        {"sweeps", SL_OPTION_TEXT, "LIST", "some of delay,jitter,presets,loss,dead (all)", &c.sweeps, 0, 0},
        {"executions", SL_OPTION_TEXT, "LIST", "some of onboard,remote,central,fresh (all)", &c.executions, 0, 0},
        {"episodes", SL_OPTION_INT, "N", "a point (1280)", &c.episodes, 2, 1000000},
        {"seed", SL_OPTION_INT, "N", "of the episodes (1)", &c.seed, 0, 9007199254740992.0},
        {"fly", SL_OPTION_TEXT, "LIST", "repeat points by processes: delay=3,loss=20, or all", &c.fly, 0, 0},
        {"out", SL_OPTION_TEXT, "DIR", "folder of the study (study-latency-<name>)", &c.out, 0, 0},
        {"fresh", SL_OPTION_SWITCH, NULL, "forget what the folder holds of earlier calls", &c.fresh, 0, 0},
        {"json", SL_OPTION_SWITCH, NULL, "print one JSON object", &c.json, 0, 0},
    };
    static const char text[] =
        "Evaluates students and teacher under links that delay, lose and die, and writes tables, intervals and "
        "pictures: return and win rate against delay, the crossover of the teacher executed centrally with students "
        "on board, how old what is known was, misses, and how many decisions the links changed. Called again it "
        "goes on where it stopped.";
    sl_usage usage = {path, "RUN|MODELS...", text, 1, SL_STUDY_MAX_RUNS, 9, options};
    sl_args args;
    // before the options' order is changed
    note_command(path, argc, argv, c.command);
    SL_TRY(sl_options_parse(&usage, argc, argv, &args));
    if (args.done) return SL_OK;
    SL_TRY(parse(&c));
    sl_study study = {.command = c.command, .n_episodes = (int)c.episodes, .seed = (uint64_t)c.seed};
    sl_study_work *w = sl_alloc(sizeof *w);
    if (!w) return sl_fail(SL_MEMORY, NULL, "no memory for a study");
    w->study = &study;
    sl_status status = study_runs(&c, &args, w);
    sl_study_store_close(&w->store);
    sl_study_fini(&study);
    for (int s = 0; s < args.n; s++) sl_run_close(&w->runs[s]);
    sl_free(w);
    return status;
}
