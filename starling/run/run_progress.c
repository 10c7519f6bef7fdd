/* run_progress.c - see run_progress.h. */
#include "starling/run/run_progress.h"

#include "common/clock.h"
#include "common/log.h"
#include "starling/run/output.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const double seconds_between_lines = 5, seconds_between_notes = 60, seconds_between_rewrites = 0.1;

void sl_run_progress_init(sl_run_progress *self, bool logged) {
    memset(self, 0, sizeof *self);
    self->logged = logged;
    self->terminal = !logged && isatty(STDERR_FILENO) == 1;
    struct winsize size;
    bool known = self->terminal && ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
    self->columns = known ? size.ws_col : 80;
}

void sl_run_progress_break(sl_run_progress *self) {
    if (self->open_line) fputc('\n', stderr);
    self->open_line = false;
}

// the stage of that name; NULL: there is none
static sl_stage *find_stage(sl_run_progress *self, const char *name) {
    for (int i = 0; i < self->n_stages; i++) {
        if (strcmp(self->stages[i].name, name) == 0) return &self->stages[i];
    }
    return NULL;
}

// the same, made when it is new; NULL when there are too many
static sl_stage *need_stage(sl_run_progress *self, const char *name) {
    sl_stage *known = find_stage(self, name);
    if (known || self->n_stages == SL_MAX_STAGES) return known;
    sl_stage *stage = &self->stages[self->n_stages++];
    (void)snprintf(stage->name, sizeof stage->name, "%s", name);
    return stage;
}

void sl_run_progress_start(sl_run_progress *self, const char *name) {
    sl_stage *stage = need_stage(self, name);
    if (!stage) return;
    double now = sl_clock_seconds();
    // a restarted program starts its stage again: what went before counts too
    if (stage->started > 0) stage->seconds += now - stage->started;
    stage->started = now;
    if (!self->widen) self->last_line = 0;
}

static void short_number(double value, char text[16]) {
    if (value >= 999950)
        (void)snprintf(text, 16, "%.2fM", value / 1e6);
    else if (value >= 10000)
        (void)snprintf(text, 16, "%.1fk", value / 1e3);
    else if (value >= 100)
        (void)snprintf(text, 16, "%.0f", value);
    else
        (void)snprintf(text, 16, "%.3g", value);
}

static void show(sl_run_progress *self, const char *line, bool last) {
    if (self->quiet) return;
    if (self->logged) {
        SL_INFO("%s", line);
    } else if (self->terminal) {
        // one line at most, or it could not be rewritten; the cursor waits at its start, where a log line may come
        fprintf(stderr, "\r\033[K%.*s\r", self->columns - 1, line);
        self->open_line = true;
        if (last) sl_run_progress_break(self);
    } else {
        fprintf(stderr, "%s\n", line);
    }
    (void)fflush(stderr);
}

enum { RATE, RETURN, WON, ETA, N_PIECES };

// what is known besides; where a line of a terminal does not hold all of it, the first to go is the rate
static void add_pieces(const sl_run_progress_news *news, char *line, size_t size) {
    static const int by_weight[N_PIECES] = {ETA, RETURN, WON, RATE};
    char pieces[N_PIECES][40] = {"", "", "", ""}, rate[16];
    if (news->per_second >= 0) {
        short_number(news->per_second, rate);
        (void)snprintf(pieces[RATE], sizeof pieces[0], "  %s/s", rate);
    }
    if (news->has_return) (void)snprintf(pieces[RETURN], sizeof pieces[0], "  return %.2f", news->mean_return);
    if (news->won >= 0) (void)snprintf(pieces[WON], sizeof pieces[0], "  won %.0f %%", 100 * news->won);
    if (news->eta_seconds >= 0 && news->eta_seconds < 1e8) {
        long eta = (long)news->eta_seconds;
        (void)snprintf(pieces[ETA], sizeof pieces[0], "  ETA %ld:%02ld", eta / 60, eta % 60);
    }
    size_t n = strlen(line);
    bool fits[N_PIECES];
    // the last column is the cursor's
    for (size_t k = 0, total = n; k < N_PIECES; k++) {
        size_t more = strlen(pieces[by_weight[k]]);
        fits[by_weight[k]] = total + more < SL_COLUMNS;
        if (fits[by_weight[k]]) total += more;
    }
    for (int k = 0; k < N_PIECES; k++)
        if (fits[k] && n < size) n += (size_t)snprintf(line + n, size - n, "%s", pieces[k]);
}

static void tell(sl_run_progress *self, const sl_run_progress_news *news) {
    double now = sl_clock_seconds(), wait = self->terminal ? seconds_between_rewrites : seconds_between_lines;
    const char *note = news->note ? news->note : "";
    // one who waits for hours says so now and then
    if (note[0] && !self->terminal && strcmp(note, self->note) == 0) wait = seconds_between_notes;
    if (self->last_line > 0 && now - self->last_line < wait) return;
    self->last_line = now;
    (void)snprintf(self->note, sizeof self->note, "%s", note);
    char line[200], done[16], total[16];
    short_number((double)news->done, done);
    short_number((double)news->total, total);
    double share = news->total > 0 ? 100.0 * (double)news->done / (double)news->total : 0;
    int n = snprintf(line, sizeof line, "%-18s %3.0f%%  %s/%s %s", news->stage, share, done, total, news->unit);
    // whoever waits has no pace
    if (note[0] && news->done == 0)
        (void)snprintf(line, SL_COLUMNS, "%-18s %s", news->stage, note);
    else if (note[0] && n > 0 && strlen(line) + 2 + strlen(note) < SL_COLUMNS)
        (void)snprintf(line + n, sizeof line - (size_t)n, "  %s", note);
    else if (note[0])
        // of a port half a number is worse than no count
        (void)snprintf(line, SL_COLUMNS, "%-18s %3.0f%%  %s", news->stage, share, note);
    else
        add_pieces(news, line, sizeof line);
    show(self, line, false);
}

void sl_run_progress_update(sl_run_progress *self, const sl_run_progress_news *news) {
    sl_run_progress_news wider = *news;
    if (self->widen) self->widen(self->widen_context, &wider);
    tell(self, &wider);
}

void sl_run_progress_done(sl_run_progress *self, const char *name) {
    sl_stage *stage = find_stage(self, name);
    if (!stage) return;
    if (stage->started > 0) stage->seconds += sl_clock_seconds() - stage->started;
    stage->started = 0;
    if (self->widen) return;
    char line[96];
    int n = snprintf(line, sizeof line, "%-18s done in %.1f s", stage->name, stage->seconds);
    if (stage->overlap > 0)
        (void)snprintf(line + n, sizeof line - (size_t)n, ", both programs at work for %.0f %%",
                       100 * stage->overlap);
    show(self, line, true);
    self->last_line = 0;
}

static double real_of(const json_t *event, const char *key, double missing) {
    const json_t *value = json_object_get(event, key);
    return json_is_number(value) ? json_number_value(value) : missing;
}

static const char *text_of(const json_t *event, const char *key, const char *missing) {
    const char *value = json_string_value(json_object_get(event, key));
    return value ? value : missing;
}

void sl_run_progress_event(sl_run_progress *self, const json_t *event) {
    const char *kind = text_of(event, "event", ""), *stage = text_of(event, "stage", "");
    if (!stage[0]) return;
    if (strcmp(kind, "stage") == 0) {
        const char *state = text_of(event, "state", "");
        if (strcmp(state, "start") == 0) sl_run_progress_start(self, stage);
        if (strcmp(state, "done") == 0) sl_run_progress_done(self, stage);
    }
    if (strcmp(kind, "progress") == 0) {
        double mean_return = real_of(event, "return", NAN);
        sl_run_progress_news news = {
            .stage = stage,
            .unit = text_of(event, "unit", "steps"),
            .done = json_integer_value(json_object_get(event, "done")),
            .total = json_integer_value(json_object_get(event, "total")),
            .per_second = real_of(event, "per_second", -1),
            .eta_seconds = real_of(event, "eta_seconds", -1),
            .mean_return = mean_return,
            .won = real_of(event, "won", -1),
            .has_return = isfinite(mean_return),
        };
        sl_stage *told = find_stage(self, stage);
        if (told) told->overlap = real_of(event, "overlap", 0);
        sl_run_progress_update(self, &news);
    }
}

json_t *sl_run_progress_timing(const sl_run_progress *self) {
    bool failed = false;
    json_t *object = json_object(), *seconds = json_object(), *overlap = json_object();
    for (int i = 0; i < self->n_stages; i++) {
        const sl_stage *stage = &self->stages[i];
        if (stage->seconds > 0) sl_json_set(seconds, stage->name, sl_json_number(stage->seconds), &failed);
        if (stage->seconds > 0 && stage->overlap > 0)
            sl_json_set(overlap, stage->name, sl_json_number(stage->overlap), &failed);
    }
    SL_JSON_SET(object, &failed, {"stage_seconds", seconds}, {"overlap", overlap});
    if (!failed) return object;
    json_decref(object);
    return NULL;
}
