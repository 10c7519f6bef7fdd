/* study.c - see study.h: what follows from the points. */
#include "starling/study/study.h"

#include "common/alloc.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void sl_study_fini(sl_study *self) {
    for (int i = 0; i < self->n_sections; i++) {
        sl_free(self->sections[i].points);
        sl_free(self->sections[i].rows);
    }
    memset(self, 0, sizeof *self);
}

const sl_study_row *sl_study_find(const sl_study_section *section, sl_study_execution execution, sl_study_sweep sweep,
                                  double x) {
    for (int i = 0; i < section->n; i++) {
        const sl_study_point *p = &section->points[i];
        if (p->execution == execution && p->sweep == sweep && p->x >= x && p->x <= x) return &section->rows[i];
    }
    return NULL;
}

// "delay=3": of the sweep's name, and of the point's setting or its number; without "=" all of the sweep
static bool is_named(const sl_study_point *p, const char *word, size_t len) {
    const char *sweep = sl_study_sweep_name(p->sweep);
    size_t n = strlen(sweep);
    char value[SL_STUDY_SETTING], number[SL_STUDY_SETTING];
    if (len == 3 && strncmp(word, "all", 3) == 0) return true;
    if (len < n || strncmp(word, sweep, n) != 0) return false;
    if (len == n) return true;
    if (word[n] != '=' || len - n - 1 >= sizeof value) return false;
    (void)snprintf(value, sizeof value, "%.*s", (int)(len - n - 1), word + n + 1);
    (void)snprintf(number, sizeof number, "%.10g", p->x);
    return strcmp(value, p->setting) == 0 || (p->sweep != SL_STUDY_PRESETS && strcmp(value, number) == 0);
}

static int mark(sl_study *self, const char *word, size_t len) {
    int n = 0;
    for (int s = 0; s < self->n_sections; s++) {
        for (int i = 0; i < self->sections[s].n; i++) {
            const sl_study_point *p = &self->sections[s].points[i];
            // a teacher is no process of an agent's
            if (p->execution == SL_STUDY_CENTRAL || p->execution == SL_STUDY_FRESH || !is_named(p, word, len))
                continue;
            self->sections[s].rows[i].flies = true;
            n++;
        }
    }
    return n;
}

sl_status sl_study_choose_flights(sl_study *self, const char *text) {
    for (const char *word = text; word; word = strchr(word, ',') ? strchr(word, ',') + 1 : NULL) {
        size_t len = strcspn(word, ",");
        if (mark(self, word, len) == 0)
            return sl_fail(SL_USAGE, "all, or points of students such as delay=3,jitter=6,presets=4g,loss=20,dead=1",
                           "--fly: the study has no point '%.*s'", len < 60 ? (int)len : 60, word);
    }
    return SL_OK;
}

static sl_status settle_crossovers(sl_study_section *section) {
    const sl_study_result *upper[SL_STUDY_MAX_DELAYS], *lower[SL_STUDY_MAX_DELAYS];
    double x[SL_STUDY_MAX_DELAYS];
    int K = 0;
    for (int i = 0; i < section->n; i++) {
        const sl_study_point *p = &section->points[i];
        if (p->execution != SL_STUDY_CENTRAL || p->sweep != SL_STUDY_DELAY) continue;
        const sl_study_row *student = sl_study_find(section, SL_STUDY_ONBOARD, SL_STUDY_DELAY, p->x);
        if (!student) continue;
        x[K] = p->x;
        upper[K] = section->rows[i].result;
        lower[K++] = student->result;
    }
    SL_TRY(sl_study_cross(K, x, upper, lower, false, &section->by_return));
    return section->can_win ? sl_study_cross(K, x, upper, lower, true, &section->by_won) : SL_OK;
}

// without delay the links do nothing: the same episodes, bit for bit
static void compare_fresh(sl_study_section *section) {
    const sl_study_row *fresh = sl_study_find(section, SL_STUDY_FRESH, SL_STUDY_NONE, 0);
    const sl_study_row *central = sl_study_find(section, SL_STUDY_CENTRAL, SL_STUDY_DELAY, 0);
    if (!fresh || !central) return;
    section->n_fresh = fresh->result->n_episodes;
    section->n_same = sl_study_result_same(fresh->result, central->result);
}

sl_status sl_study_settle(sl_study *self) {
    for (int s = 0; s < self->n_sections; s++) {
        sl_study_section *section = &self->sections[s];
        for (int i = 0; i < section->n; i++)
            SL_TRY(sl_study_numbers_of(section->rows[i].result, &section->rows[i].numbers));
        SL_TRY(settle_crossovers(section));
        compare_fresh(section);
    }
    return SL_OK;
}

static void put_end(double value, const char *beyond, char text[16]) {
    if (isfinite(value))
        (void)snprintf(text, 16, "%.2f", value);
    else
        (void)snprintf(text, 16, "%s", beyond);
}

const char *sl_study_crossover_text(const sl_study_section *section, const sl_study_crossover *crossover,
                                    const char *what, char text[SL_STUDY_TEXT]) {
    double last = 0, first = INFINITY;
    for (int i = 0; i < section->n; i++) {
        if (section->points[i].sweep != SL_STUDY_DELAY) continue;
        last = section->points[i].x > last ? section->points[i].x : last;
        first = section->points[i].x < first ? section->points[i].x : first;
    }
    char low[16], high[16], beyond[16];
    (void)snprintf(beyond, sizeof beyond, "> %.4g", last);
    put_end(crossover->low, beyond, low);
    put_end(crossover->high, beyond, high);
    if (!crossover->is_known)
        (void)snprintf(text, SL_STUDY_TEXT, "crossover of the %s: not known", what);
    else if (isinf(crossover->at))
        (void)snprintf(text, SL_STUDY_TEXT, "crossover of the %s: none within %.4g..%.4g steps [%s, %s]", what, first,
                       last, low, high);
    else
        (void)snprintf(text, SL_STUDY_TEXT, "crossover of the %s: %.2f steps [%s, %s]", what, crossover->at, low,
                       high);
    return text;
}
