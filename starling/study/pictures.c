/* pictures.c - which pictures a study has: return, win rate and divergence against each sweep, and how old what is
 * known and done was. */
#include "starling/study/figure.h"
#include "starling/study/study.h"

#include "common/alloc.h"
#include "common/log.h"
#include "starling/run/run.h"
#include "storage/file.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef enum measure { RETURN, WON, DIVERGENCE, N_MEASURES } measure;
static const char *const measure_names[] = {"return", "won", "divergence"};
static const char *const measure_labels[] = {"return of an episode, mean and 95 % interval",
                                             "episodes won, % and 95 % interval",
                                             "decisions that the links changed, %"};
static const char *const sweep_titles[] = {"fixed delay", "", "links as measured elsewhere", "loss", "dead links"};

// teacher and students far away are often alike: the second is dashed, so that both are seen
static const sl_study_execution drawn_in_order[] = {SL_STUDY_ONBOARD, SL_STUDY_CENTRAL, SL_STUDY_REMOTE};

static sl_interval measured(const sl_study_row *row, measure m) {
    if (m == RETURN) return row->numbers.mean_return;
    if (m == WON) return row->numbers.won;
    return (sl_interval){row->numbers.divergence, NAN, NAN};
}

static void label_x(const sl_study_section *section, sl_study_sweep sweep, sl_figure *f) {
    switch (sweep) {
    case SL_STUDY_DELAY:
        (void)snprintf(f->x_label, sizeof f->x_label, "delay each way, steps of %.4g ms", section->step_ms);
        break;
    case SL_STUDY_LOSS:
        (void)snprintf(f->x_label, sizeof f->x_label, "messages lost each way, %%");
        break;
    case SL_STUDY_DEAD:
        (void)snprintf(f->x_label, sizeof f->x_label, "agents whose links lose everything, of %d", section->n_agents);
        break;
    default:
        (void)snprintf(f->x_label, sizeof f->x_label, "preset; a step is %.4g ms", section->step_ms);
    }
}

// the points of one execution and sweep as a curve of that colour; side by side where lines would not tell them apart
static void add_curve(const sl_study_section *section, sl_study_execution e, sl_study_sweep sweep, measure m,
                      sl_figure *f) {
    sl_figure_curve *curve = &f->panels[0].curves[f->panels[0].n];
    *curve = (sl_figure_curve){.colour = (int)e, .apart = sweep == SL_STUDY_JITTER || sweep == SL_STUDY_PRESETS};
    curve->dashed = e == SL_STUDY_REMOTE;
    double shift = !curve->apart ? 0 : sweep == SL_STUDY_JITTER ? 0.12 : 0.18;
    for (int i = 0; i < section->n && curve->n < SL_FIGURE_POINTS; i++) {
        const sl_study_point *p = &section->points[i];
        if (p->execution != e || p->sweep != sweep) continue;
        curve->x[curve->n] = p->x + shift * ((int)e - 1);
        curve->y[curve->n++] = measured(&section->rows[i], m);
        if (sweep == SL_STUDY_PRESETS && (int)p->x == f->n_ticks) f->ticks[f->n_ticks++] = p->setting;
    }
    // the entry of points that a line has already is not repeated
    if (sweep != SL_STUDY_JITTER)
        (void)snprintf(curve->label, sizeof curve->label, "%s", sl_study_execution_label(e));
    if (curve->n > 0) f->panels[0].n++;
}

static void mark_crossover(const sl_study_section *section, measure m, sl_figure *f) {
    const sl_study_crossover *c = m == RETURN ? &section->by_return : &section->by_won;
    if (m == DIVERGENCE || !c->is_known) return;
    char text[SL_STUDY_TEXT];
    f->mark = (sl_interval){c->at, c->low, c->high};
    (void)snprintf(f->mark_label, sizeof f->mark_label, "%.150s",
                   sl_study_crossover_text(section, c, m == RETURN ? "return" : "win rate", text));
}

static void make_sweep(const sl_study_section *section, sl_study_sweep sweep, measure m, sl_figure *f) {
    memset(f, 0, sizeof *f);
    f->n_panels = 1;
    f->shares = m != RETURN;
    f->whole = sweep == SL_STUDY_DELAY || sweep == SL_STUDY_DEAD;
    f->level = f->mark.mean = NAN;
    (void)snprintf(f->title, sizeof f->title, "%s: %s", section->label, sweep_titles[sweep]);
    (void)snprintf(f->y_label, sizeof f->y_label, "%s", measure_labels[m]);
    label_x(section, sweep, f);
    for (int k = 0; k < SL_STUDY_FRESH; k++) add_curve(section, drawn_in_order[k], sweep, m, f);
    if (f->panels[0].n == 0) return;
    const sl_study_row *fresh = sl_study_find(section, SL_STUDY_FRESH, SL_STUDY_NONE, 0);
    if (fresh && m != DIVERGENCE) f->level = measured(fresh, m).mean;
    (void)snprintf(f->level_label, sizeof f->level_label, "%s", sl_study_execution_label(SL_STUDY_FRESH));
    if (sweep != SL_STUDY_DELAY) return;
    int n = f->panels[0].n;
    for (int k = 0; k < SL_STUDY_FRESH; k++) add_curve(section, drawn_in_order[k], SL_STUDY_JITTER, m, f);
    if (f->panels[0].n > n)
        (void)snprintf(f->apart_label, sizeof f->apart_label, "6 ± 3 and 9 ± 3 steps, reordering");
    mark_crossover(section, m, f);
}

// the ages up to which a picture goes: the oldest that came, of any
static double oldest(const sl_study_section *section) {
    int last = 1;
    for (int i = 0; i < section->n; i++) {
        const sl_link_counts *c = &section->rows[i].result->counts;
        if (section->points[i].sweep != SL_STUDY_JITTER && section->points[i].sweep != SL_STUDY_PRESETS) continue;
        for (int a = last; a < SL_LINKS_AGES - 1; a++)
            if (c->observation_ages[a] > 0 || c->action_ages[a] > 0) last = a;
    }
    return last + 1;
}

// how much of it is older than each age; what never came is older than all
static void add_tail(const sl_study_point *p, const uint64_t ages[SL_LINKS_AGES], double x_max,
                     sl_figure_panel *panel) {
    uint64_t all = 0, older = 0;
    for (int a = 0; a < SL_LINKS_AGES; a++) all += ages[a];
    if (all == 0 || panel->n == SL_FIGURE_CURVES) return;
    sl_figure_curve *curve = &panel->curves[panel->n];
    *curve = (sl_figure_curve){.colour = panel->n};
    if (p->sweep == SL_STUDY_JITTER)
        (void)snprintf(curve->label, sizeof curve->label, "%.0f ± 3", p->x);
    else
        (void)snprintf(curve->label, sizeof curve->label, "%s", p->setting);
    older = all;
    for (int a = 0; a < x_max && curve->n + 1 < SL_FIGURE_POINTS; a++) {
        older -= ages[a];
        // nothing has no place on a logarithmic axis: below its end
        double share = older > 0 ? (double)older / (double)all : 1e-9;
        if (ages[a] == 0 && a > 0) continue;
        curve->x[curve->n] = a;
        curve->y[curve->n++] = (sl_interval){share, NAN, NAN};
    }
    curve->x[curve->n] = x_max;
    curve->y[curve->n] = curve->y[curve->n - 1];
    curve->n++;
    panel->n++;
}

static void add_panel(const sl_study_section *section, sl_study_execution e, bool actions, const char *title,
                      sl_figure *f) {
    sl_figure_panel *panel = &f->panels[f->n_panels];
    panel->n = 0;
    (void)snprintf(panel->title, sizeof panel->title, "%s", title);
    for (int i = 0; i < section->n; i++) {
        const sl_study_point *p = &section->points[i];
        const sl_link_counts *c = &section->rows[i].result->counts;
        if (p->execution != e || (p->sweep != SL_STUDY_JITTER && p->sweep != SL_STUDY_PRESETS)) continue;
        add_tail(p, actions ? c->action_ages : c->observation_ages, f->x_max, panel);
    }
    if (panel->n > 0) f->n_panels++;
}

static void make_ages(const sl_study_section *section, sl_figure *f) {
    memset(f, 0, sizeof *f);
    f->tails = true;
    f->x_max = oldest(section);
    f->level = f->mark.mean = NAN;
    (void)snprintf(f->title, sizeof f->title, "%s: how old it is", section->label);
    (void)snprintf(f->x_label, sizeof f->x_label, "age, steps of %.4g ms", section->step_ms);
    (void)snprintf(f->y_label, sizeof f->y_label, "share that is older");
    bool has_teacher = sl_study_find(section, SL_STUDY_CENTRAL, SL_STUDY_JITTER, 6) ||
                       sl_study_find(section, SL_STUDY_CENTRAL, SL_STUDY_PRESETS, 0);
    sl_study_execution remote = has_teacher ? SL_STUDY_CENTRAL : SL_STUDY_REMOTE;
    add_panel(section, SL_STUDY_ONBOARD, false, "on board: what others told", f);
    add_panel(section, remote, false, has_teacher ? "central: observations" : "remote: observations", f);
    add_panel(section, remote, true, has_teacher ? "central: applied actions" : "remote: applied actions", f);
}

static sl_status draw_section(const sl_study_section *section, const char *folder, sl_figure *f) {
    char name[SL_STUDY_LABEL + 64];
    for (int sweep = 0; sweep < SL_STUDY_SWEEPS; sweep++) {
        if (sweep == SL_STUDY_JITTER) continue;
        for (int m = 0; m < N_MEASURES; m++) {
            if ((m == WON && !section->can_win) || (m == DIVERGENCE && sweep != SL_STUDY_DELAY)) continue;
            make_sweep(section, (sl_study_sweep)sweep, (measure)m, f);
            if (f->panels[0].n == 0) continue;
            (void)snprintf(name, sizeof name, "%s-%s-%s", section->label, sl_study_sweep_name((sl_study_sweep)sweep),
                           measure_names[m]);
            SL_TRY(sl_figure_draw(f, folder, name));
        }
    }
    make_ages(section, f);
    (void)snprintf(name, sizeof name, "%s-ages", section->label);
    return f->n_panels > 0 ? sl_figure_draw(f, folder, name) : SL_OK;
}

sl_status sl_study_draw(const sl_study *self, const char *folder, bool *drawn) {
    char plots[SL_RUN_PATH];
    *drawn = false;
    SL_TRY(sl_run_path(folder, "plots", plots));
    SL_TRY(sl_file_make_folder(plots));
    sl_figure *figure = sl_alloc(sizeof *figure);
    if (!figure) return sl_fail(SL_MEMORY, NULL, "no memory for a picture");
    sl_status status = SL_OK;
    for (int s = 0; s < self->n_sections && status == SL_OK; s++)
        status = draw_section(&self->sections[s], plots, figure);
    sl_free(figure);
    if (status == SL_OK) *drawn = true;
    if (status != SL_NOT_FOUND) return status;
    SL_WARN("no pictures: %s; %s", sl_error_what(), sl_error_hint() ? sl_error_hint() : "");
    return SL_OK;
}
