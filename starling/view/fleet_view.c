/* fleet_view.c - see fleet_view.h. */
#include "starling/view/fleet_view.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    ALL_ROWS = 1 << 20,
    MIN_COLUMNS = 40,
    MIN_ROWS = 8,
    CELL = 64,
    LINE = 512,
    GREY = 244,
    RED = 196,
    YELLOW = 214,
    GREEN = 40
};

/* The text so far, of which the line at work has taken column characters of the width. */
typedef struct page_writer {
    char *text;
    size_t n;
    int columns, column, rows, row;
    const sl_view_size *size;
} page_writer;

// --------------------------------------------------------------------------------------------------------- writing

static void put_raw(page_writer *w, const char *bytes) {
    size_t n = strlen(bytes);
    if (w->n + n + 1 > SL_VIEW_BYTES) return;
    memcpy(w->text + w->n, bytes, n + 1);
    w->n += n;
}

// what does not fit into the line is cut
static void put(page_writer *w, int colour, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void put(page_writer *w, int colour, const char *format, ...) {
    char line[LINE], escape[24];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    int room = w->columns - w->column;
    if (room <= 0 || w->row >= w->rows - 1) return;
    line[room < LINE ? room : LINE - 1] = '\0';
    for (char *c = line; *c; c++)
        if (*c < ' ' || *c > '~') *c = '?';
    bool coloured = w->size->colour && colour > 0 && line[0];
    (void)snprintf(escape, sizeof escape, "\x1b[38;5;%dm", colour);
    if (coloured) put_raw(w, escape);
    put_raw(w, line);
    if (coloured) put_raw(w, "\x1b[0m");
    w->column += (int)strlen(line);
}

static void end_line(page_writer *w) {
    if (w->row >= w->rows - 1) return;
    put_raw(w, w->size->line_end);
    w->column = 0;
    w->row++;
}

// --------------------------------------------------------------------------------------------------------- reading

static const json_t *group(const json_t *page, const char *name) {
    return json_object_get(page, name);
}

static double number(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

static const char *text_of(const json_t *object, const char *key) {
    const char *value = json_string_value(json_object_get(object, key));
    return value ? value : "";
}

// three digits and a unit, as people read times
static const char *show_time(double seconds, char out[CELL]) {
    static const struct {
        double size;
        const char *name;
    } units[] = {{1, "s"}, {1e-3, "ms"}, {1e-6, "us"}};
    if (!isfinite(seconds) || seconds < 0 || seconds >= 1e9) return "-";
    if (seconds == 0) return "0 s";
    int u = seconds >= 0.9995 ? 0 : seconds >= 0.9995e-3 ? 1 : 2;
    double value = seconds / units[u].size;
    (void)snprintf(out, CELL, "%.*f %s", value < 10 ? 2 : value < 100 ? 1 : 0, value, units[u].name);
    return out;
}

// 4:05, 12:04:05
static const char *show_duration(double seconds, char out[CELL]) {
    if (!isfinite(seconds) || seconds < 0 || seconds >= 1e9) return "-";
    long s = (long)seconds, hours = s / 3600, minutes = s / 60 % 60;
    if (hours > 0)
        (void)snprintf(out, CELL, "%ld:%02ld:%02ld", hours, minutes, s % 60);
    else
        (void)snprintf(out, CELL, "%ld:%02ld", minutes, s % 60);
    return out;
}

static const char *show_count(double value, char out[CELL]) {
    if (!isfinite(value) || fabs(value) > 1e15) return "-";
    (void)snprintf(out, CELL, "%.0f", value);
    return out;
}

// ------------------------------------------------------------------------------------------------------- the slots

/* rank: the smaller, the sooner a narrow terminal shows it. */
typedef struct column {
    const char *title, *key;
    int width, rank;
    bool left;
    const char *(*show)(const json_t *slot, const struct column *self, char out[CELL]);
} column;

static const char *show_text(const json_t *slot, const column *self, char out[CELL]) {
    (void)snprintf(out, CELL, "%s", text_of(slot, self->key));
    return out[0] ? out : "-";
}

static const char *show_whole(const json_t *slot, const column *self, char out[CELL]) {
    return show_count(number(slot, self->key), out);
}

static const char *show_seconds(const json_t *slot, const column *self, char out[CELL]) {
    return show_time(number(slot, self->key), out);
}

static const char *show_misses(const json_t *slot, const column *self, char out[CELL]) {
    (void)self;
    return show_count(number(slot, "missed") + number(slot, "absent"), out);
}

static const char *show_restarts(const json_t *slot, const column *self, char out[CELL]) {
    double joined = number(slot, self->key);
    return show_count(joined > 0 ? joined - 1 : joined, out);
}

static const column columns[] = {
    {"SLOT", "slot", 4, 0, false, show_whole},
    {"STATE", "state", 7, 1, true, show_text},
    {"DEVICE", "device", 10, 2, true, show_text},
    {"ARCH", "arch", 7, 5, true, show_text},
    {"ADDRESS", "address", 15, 10, true, show_text},
    {"KEY", "key", 10, 11, true, show_text},
    {"H", "hidden", 3, 12, false, show_whole},
    {"P50", "round_trip_p50", 7, 3, false, show_seconds},
    {"P99", "round_trip_p99", 7, 4, false, show_seconds},
    {"AGE", "age", 7, 6, false, show_seconds},
    {"MISSED", "missed", 6, 7, false, show_misses},
    {"RESTARTS", "joined", 8, 8, false, show_restarts},
    {"MODEL", "model", 8, 9, true, show_text},
    {"BUILD", "build", 12, 13, true, show_text},
};
enum { COLUMNS = sizeof columns / sizeof *columns };

// whether there is room for it beside those of smaller rank
static bool fits(const column *self, int width) {
    int taken = 0;
    for (int k = 0; k < COLUMNS; k++)
        if (columns[k].rank <= self->rank) taken += columns[k].width + 1;
    return taken - 1 <= width;
}

static int colour_of(const char *state) {
    static const struct {
        const char *state;
        int colour;
    } colours[] = {{"live", GREEN}, {"joining", YELLOW}, {"suspect", YELLOW}, {"dead", RED}, {"free", GREY}};
    for (size_t i = 0; i < sizeof colours / sizeof *colours; i++)
        if (strcmp(state, colours[i].state) == 0) return colours[i].colour;
    return 0;
}

static int colour_cell(const json_t *slot, const column *self) {
    if (strcmp(self->key, "state") == 0) return colour_of(text_of(slot, "state"));
    if (self->show == show_misses) return number(slot, "missed") + number(slot, "absent") > 0 ? YELLOW : 0;
    if (self->show == show_restarts) return number(slot, "joined") > 1 ? YELLOW : 0;
    return 0;
}

// slot NULL: the titles
static void put_slot(page_writer *w, const json_t *slot) {
    for (int k = 0; k < COLUMNS; k++) {
        char out[CELL];
        const column *c = &columns[k];
        if (!fits(c, w->columns)) continue;
        const char *value = slot ? c->show(slot, c, out) : c->title;
        if (w->column > 0) put(w, 0, " ");
        // a longer number pushes the rest aside; a longer text is cut
        put(w, slot ? colour_cell(slot, c) : GREY, c->left ? "%-*.*s" : "%*.*s", c->width, c->left ? c->width : CELL,
            value);
    }
    end_line(w);
}

static void put_slots(page_writer *w, const json_t *slots) {
    size_t n = json_array_size(slots), shown = n, others = 0;
    // behind an empty line and the titles
    size_t room = w->row + 3 < w->rows ? (size_t)(w->rows - w->row - 3) : 0;
    if (n == 0) return;
    end_line(w);
    put_slot(w, NULL);
    if (n > room) shown = room > 0 ? room - 1 : 0;
    for (size_t i = 0; i < shown; i++) put_slot(w, json_array_get(slots, i));
    if (shown == n) return;
    for (size_t i = shown; i < n; i++) others += strcmp(text_of(json_array_get(slots, i), "state"), "live") != 0;
    put(w, others ? YELLOW : GREY, "and %zu more slots, %zu of them not live", n - shown, others);
    end_line(w);
}

// ------------------------------------------------------------------------------------------------------- the head

// "late 3": told when it is something, so that a quiet line is a good one
static void put_count(page_writer *w, const json_t *object, const char *key, const char *name, int colour) {
    char out[CELL];
    double value = number(object, key);
    if (value > 0) put(w, colour, "  %s %s", name, show_count(value, out));
}

static void put_title(page_writer *w, const json_t *page, const char *where) {
    const json_t *who = group(page, "coordinator"), *trainer = group(page, "trainer");
    put(w, 0, "starling top  %s", where);
    if (!who) who = trainer;
    if (who) put(w, 0, "  %s  %s", text_of(who, "env"), text_of(who, "run"));
    end_line(w);
}

static void put_work(page_writer *w, const json_t *page) {
    const json_t *who = group(page, "coordinator"), *requests = group(page, "requests");
    char a[CELL], b[CELL];
    double done = number(requests, "work_done"), size = number(requests, "work_size");
    if (!who) return;
    put(w, 0, "%s", text_of(who, "work"));
    if (size > 0) put(w, 0, " %s of %s", show_count(done, a), show_count(size, b));
    if (group(page, "fleet"))
        put(w, 0, "  %s ticks/s  tick %s", show_count(number(who, "ticks_per_second"), a),
            show_count(number(group(page, "fleet"), "ticks"), b));
    if (number(requests, "buffer_episodes") > 0)
        put(w, 0, "  buffer %s episodes, %s MB", show_count(number(requests, "buffer_episodes"), a),
            show_count(number(requests, "buffer_bytes") / 1e6, b));
    end_line(w);
}

static void put_fleet(page_writer *w, const json_t *page) {
    const json_t *fleet = group(page, "fleet"), *slots = group(page, "slots"), *link = group(page, "fleet_link");
    char a[CELL], b[CELL], c[CELL], d[CELL];
    size_t live = 0;
    if (!fleet) return;
    for (size_t i = 0; i < json_array_size(slots); i++)
        live += strcmp(text_of(json_array_get(slots, i), "state"), "live") == 0;
    bool full = live == json_array_size(slots);
    put(w, full ? GREEN : YELLOW, "%zu of %zu live", live, json_array_size(slots));
    put_count(w, fleet, "missed", "late", YELLOW);
    put_count(w, fleet, "absent", "absent", RED);
    put_count(w, fleet, "lost", "lost", YELLOW);
    put_count(w, fleet, "declined", "declined", YELLOW);
    put_count(w, fleet, "rejected", "rejected", YELLOW);
    put_count(w, fleet, "unauthorised", "unauthorised", YELLOW);
    put_count(w, fleet, "resent", "resent", 0);
    put_count(w, fleet, "malformed", "malformed", YELLOW);
    put_count(w, fleet, "unusable", "unusable", YELLOW);
    put_count(w, fleet, "unaddressed", "unaddressed", YELLOW);
    put_count(w, fleet, "other_version", "of another version", YELLOW);
    put_count(w, link, "dropped_out", "not sent", YELLOW);
    put_count(w, link, "denied", "denied", YELLOW);
    put_count(w, link, "unhandshaken", "without handshake", YELLOW);
    end_line(w);
    if (isnan(number(fleet, "round_trip_p50"))) return;
    put(w, 0, "round trip p50 %s  p99 %s, of it the agent %s  %s", show_time(number(fleet, "round_trip_p50"), a),
        show_time(number(fleet, "round_trip_p99"), b), show_time(number(fleet, "residence_p50"), c),
        show_time(number(fleet, "residence_p99"), d));
    end_line(w);
}

static void put_trainer(page_writer *w, const json_t *page) {
    const json_t *trainer = group(page, "trainer"), *stage = group(page, "stage");
    char a[CELL], b[CELL];
    if (!trainer) return;
    put(w, 0, "%s  update %s of %s", text_of(trainer, "stage"), show_count(number(trainer, "updates"), a),
        show_count(number(trainer, "updates_wanted"), b));
    if (isfinite(number(stage, "return"))) put(w, 0, "  return %.4g", number(stage, "return"));
    if (isfinite(number(stage, "won"))) put(w, 0, "  won %.0f %%", 100 * number(stage, "won"));
    end_line(w);
    put(w, 0, "%s steps/s", show_count(number(trainer, "env_steps_per_second"), a));
    put(w, 0, "  %.3g GFLOP/s", number(trainer, "flops_per_second") / 1e9);
    put(w, 0, "  checkpoint %s ago", show_time(number(trainer, "checkpoint_age"), a));
    put_count(w, stage, "skipped", "updates skipped", RED);
    end_line(w);
}

static void put_process(page_writer *w, const json_t *page) {
    const json_t *process = group(page, "process");
    char a[CELL], b[CELL], c[CELL];
    double up = number(process, "uptime_seconds"), age = number(process, "snapshot_age");
    if (!process) return;
    put(w, GREY, "up %s, %s MB, cpu %s", show_duration(up, a), show_count(number(process, "resident_bytes") / 1e6, b),
        show_duration(number(process, "cpu_seconds"), c));
    // the work tells four times a second, but from within an update or a roll-out it cannot
    if (age > (group(page, "trainer") ? 60 : 10))
        put(w, RED, "  its work has said nothing for %s", show_time(age, a));
    end_line(w);
}

static int bound(int value, int low, int high) {
    return value < low ? low : value > high ? high : value;
}

size_t sl_fleet_view_render(const json_t *page, const char *where, const char *trouble, const sl_view_size *size,
                            char text[static SL_VIEW_BYTES]) {
    page_writer w = {.text = text,
                     .size = size,
                     .columns = bound(size->columns, MIN_COLUMNS, SL_VIEW_MAX_COLUMNS),
                     .rows = size->rows ? bound(size->rows, MIN_ROWS, SL_VIEW_MAX_ROWS) : ALL_ROWS};
    text[0] = '\0';
    put_title(&w, page, where);
    if (trouble) {
        put(&w, RED, "%s", trouble);
        end_line(&w);
    }
    put_work(&w, page);
    put_fleet(&w, page);
    put_trainer(&w, page);
    put_process(&w, page);
    put_slots(&w, group(page, "slots"));
    return w.n;
}
