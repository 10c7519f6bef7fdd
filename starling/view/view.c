/* view.c - see view.h. Everything is put on a grid of cells first, later things over earlier ones. */
#include "starling/view/view.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MIN_COLUMNS = 40, MIN_ROWS = 12, SIDE = 36, SIDE_FROM = 60, COMPACT = 12, BAR = 6, MAX_UNITS = 64 };

/* colour: of the 256, 0 = the terminal's own; taken: by a living unit, which the next one shall not cover */
typedef struct cell {
    char glyph;
    uint8_t colour;
    bool taken;
} cell;

typedef struct grid {
    int columns, rows;
    cell cells[SL_VIEW_MAX_ROWS][SL_VIEW_MAX_COLUMNS];
} grid;

/* The picture's part of the grid, from its first row on, and what of the world it shows. */
typedef struct lens {
    sl_box box;
    int columns, rows;
    float sx, sy; /* cells to a unit of length */
} lens;

enum { GREY = 244 };

// 0xrrggbbaa to the terminal's 6 x 6 x 6 cube
static uint8_t colour_of(uint32_t rgba) {
    uint32_t r = rgba >> 24, g = rgba >> 16 & 255u, b = rgba >> 8 & 255u;
    return (uint8_t)(16u + 36u * ((r * 5 + 127) / 255) + 6u * ((g * 5 + 127) / 255) + (b * 5 + 127) / 255);
}

static void put(grid *g, int row, int column, char glyph, uint8_t colour) {
    if (row < 0 || row >= g->rows || column < 0 || column >= g->columns) return;
    // a label may have come from anywhere: no control character reaches the terminal
    g->cells[row][column] = (cell){glyph >= ' ' && glyph <= '~' ? glyph : '?', colour, false};
}

static int write_text(grid *g, int row, int column, uint8_t colour, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

static int write_text(grid *g, int row, int column, uint8_t colour, const char *format, ...) {
    char text[SL_VIEW_MAX_COLUMNS + 1];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    for (const char *c = text; *c; c++) put(g, row, column++, *c, colour);
    return column;
}

static float bound(float x, float low, float high) {
    // NaN fails every comparison
    return x > low ? (x < high ? x : high) : low;
}

// all of the world when a row is no more than a unit of length, else its core; a character is twice as high as wide
static lens aim(const sl_camera *camera, int columns, int rows) {
    float height = camera->world.y1 - camera->world.y0;
    lens l = {.box = height <= (float)rows ? camera->world : camera->core};
    float w = bound(l.box.x1 - l.box.x0, 1e-3f, 1e6f), h = bound(l.box.y1 - l.box.y0, 1e-3f, 1e6f);
    l.sx = (float)columns / w;
    l.sy = (float)rows / h;
    if (l.sx > 2.0f * l.sy) l.sx = 2.0f * l.sy;
    if (l.sy > l.sx) l.sy = l.sx;
    l.columns = (int)bound(roundf(l.sx * w), 1, (float)columns);
    l.rows = (int)bound(roundf(l.sy * h), 1, (float)rows);
    return l;
}

static int column_at(const lens *l, float x) {
    return (int)bound(floorf((x - l->box.x0) * l->sx), 0, (float)(l->columns - 1));
}

// from the top
static int row_at(const lens *l, float y) {
    return (int)bound(floorf((l->box.y1 - y) * l->sy), 0, (float)(l->rows - 1));
}

// ----------------------------------------------------------------------------------------------------- picture

// digits and small letters are agents, capitals their opponents
static char glyph_of(int unit, int n_agents) {
    static const char own[] = "0123456789abcdefghijklmnopqrstuvwxyz", others[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ@&%$";
    if (unit < 0) return 'o';
    if (unit < n_agents) return unit < (int)sizeof own - 1 ? own[unit] : '+';
    return unit - n_agents < (int)sizeof others - 1 ? others[unit - n_agents] : '!';
}

static void draw_line(grid *g, const lens *l, const sl_shape *s) {
    bool shot = s->unit >= 0;
    int x = column_at(l, s->x), y = row_at(l, s->y), x2 = column_at(l, s->x2), y2 = row_at(l, s->y2);
    int dx = x2 - x, dy = y2 - y, n = abs(dx) > abs(dy) ? abs(dx) : abs(dy);
    char glyph = '#';
    if (shot) glyph = 2 * abs(dy) < abs(dx) ? '-' : 2 * abs(dx) < abs(dy) ? '|' : (dx > 0) == (dy > 0) ? '\\' : '/';
    // what lies wholly beyond an edge would be drawn on it
    bool beyond = (s->y < l->box.y0 && s->y2 < l->box.y0) || (s->y > l->box.y1 && s->y2 > l->box.y1);
    for (int k = shot; k <= n - shot && !beyond; k++) {
        float share = n > 0 ? (float)k / (float)n : 0.0f;
        int column = x + (int)roundf(share * (float)dx), row = y + (int)roundf(share * (float)dy);
        put(g, 1 + row, column, glyph, colour_of(s->rgba));
    }
}

// the cell of a unit, or the free one about it that is nearest to where it stands
static void find_room(const grid *g, const lens *l, const sl_shape *s, int *row, int *column) {
    int r0 = *row, c0 = *column;
    float nearest = INFINITY;
    if (!g->cells[1 + r0][c0].taken) return;
    for (int r = r0 - 1; r <= r0 + 1; r++) {
        for (int c = c0 - 1; c <= c0 + 1; c++) {
            if (r < 0 || r >= l->rows || c < 0 || c >= l->columns || g->cells[1 + r][c].taken) continue;
            float dx = (s->x - l->box.x0) - ((float)c + 0.5f) / l->sx;
            float dy = (l->box.y1 - s->y) - ((float)r + 0.5f) / l->sy;
            if (dx * dx + dy * dy >= nearest) continue;
            nearest = dx * dx + dy * dy;
            *row = r;
            *column = c;
        }
    }
}

// a disc wide enough to be seen is filled; a unit with health is its glyph alone
static void draw_circle(grid *g, const lens *l, const sl_shape *s, int n_agents) {
    uint8_t colour = colour_of(s->rgba);
    bool fallen = s->full_health > 0 && !(s->health > 0);
    int rows = (int)bound(s->r * l->sy, 0, (float)l->rows), columns = (int)bound(s->r * l->sx, 0, (float)l->columns);
    int row = row_at(l, s->y), column = column_at(l, s->x);
    for (int r = row - rows; r <= row + rows && !(s->full_health > 0); r++) {
        for (int c = column - columns; c <= column + columns; c++) {
            float dx = (float)(c - column) / l->sx, dy = (float)(r - row) / l->sy;
            if (r < 0 || r >= l->rows || c < 0 || c >= l->columns || dx * dx + dy * dy > s->r * s->r) continue;
            put(g, 1 + r, c, '.', colour);
        }
    }
    if (s->unit >= 0 && !fallen) find_room(g, l, s, &row, &column);
    put(g, 1 + row, column, fallen ? 'x' : glyph_of(s->unit, n_agents), fallen ? GREY : colour);
    g->cells[1 + row][column].taken = s->unit >= 0 && !fallen;
}

static void draw_shapes(grid *g, const lens *l, const sl_view_frame *frame) {
    for (int k = 0; k < frame->n_shapes; k++) {
        const sl_shape *s = &frame->shapes[k];
        if (s->kind == SL_SHAPE_LINE) draw_line(g, l, s);
        if (s->kind == SL_SHAPE_CIRCLE) draw_circle(g, l, s, frame->n_agents);
    }
}

// -------------------------------------------------------------------------------------------------------- list

/* Who is there, and whom each fires at. */
typedef struct roll {
    int n; /* units are numbered below */
    const sl_shape *unit[MAX_UNITS];
    int target[MAX_UNITS];
} roll;

static roll call(const sl_view_frame *frame) {
    roll r = {.n = 0};
    for (int u = 0; u < MAX_UNITS; u++) r.target[u] = -1;
    for (int k = 0; k < frame->n_shapes; k++) {
        const sl_shape *s = &frame->shapes[k];
        if (s->unit < 0 || s->unit >= MAX_UNITS) continue;
        if (s->kind == SL_SHAPE_LINE) r.target[s->unit] = s->target;
        if (s->kind == SL_SHAPE_CIRCLE) r.unit[s->unit] = s;
        if (s->kind == SL_SHAPE_CIRCLE && s->unit >= r.n) r.n = s->unit + 1;
    }
    return r;
}

// health as '#', shields as '=', what is lost as '.'
static void fill_bar(const sl_shape *s, char bar[BAR + 1]) {
    float full = s->full_health + s->full_shield;
    for (int k = 0; k < BAR; k++) {
        float at = ((float)k + 0.5f) / (float)BAR * full;
        bar[k] = at < s->health ? '#' : at < s->health + s->shield ? '=' : '.';
    }
    // who lives has something left
    if (s->health > 0 && bar[0] == '.') bar[0] = '#';
    bar[BAR] = '\0';
}

// "attack !2" with the glyph that enemy 2 has in the picture
static void tell(const sl_view_frame *frame, const roll *r, int u, char text[2 * SL_NAME_SIZE]) {
    const sl_shape *s = r->unit[u];
    text[0] = '\0';
    if (s->full_health > 0 && !(s->health > 0)) {
        (void)snprintf(text, 2 * SL_NAME_SIZE, "fallen");
    } else if (r->target[u] >= 0) {
        (void)snprintf(text, 2 * SL_NAME_SIZE, "fires at %c", glyph_of(r->target[u], frame->n_agents));
    } else if (u < frame->n_agents && frame->words) {
        const char *word = frame->words[u], *mark = strchr(word, '!');
        long enemy = mark ? strtol(mark + 1, NULL, 10) : -1;
        if (enemy >= 0 && enemy < MAX_UNITS) {
            (void)snprintf(text, 2 * SL_NAME_SIZE, "%.*s%c", (int)(mark - word), word,
                           glyph_of(frame->n_agents + (int)enemy, frame->n_agents));
        } else {
            (void)snprintf(text, 2 * SL_NAME_SIZE, "%s", word);
        }
    }
}

static void list_unit(grid *g, int row, int column, const sl_view_frame *frame, const roll *r, int u) {
    const sl_shape *s = r->unit[u];
    char bar[BAR + 1], text[2 * SL_NAME_SIZE];
    uint8_t colour = s->full_health > 0 && !(s->health > 0) ? GREY : colour_of(s->rgba);
    int name_len = 0;
    // the label goes on with the health
    while (name_len < SL_NAME_SIZE && s->label[name_len] && s->label[name_len] != ' ') name_len++;
    int at = write_text(g, row, column, colour, "%c", glyph_of(u, frame->n_agents));
    tell(frame, r, u, text);
    if (s->full_health > 0) {
        fill_bar(s, bar);
        at = write_text(g, row, at, 0, " %-10.*s %s%4.0f", name_len < 10 ? name_len : 10, s->label, bar,
                        (double)bound(s->health + s->shield, 0, 9999));
    } else {
        at = write_text(g, row, at, 0, " %-14.*s", name_len < 14 ? name_len : 14, s->label);
    }
    (void)write_text(g, row, at, 0, " %.*s", column + SIDE - at - 1, text);
}

static void list_compact(grid *g, int row, int column, const sl_view_frame *frame, const roll *r, int u) {
    const sl_shape *s = r->unit[u];
    char bar[BAR + 1];
    fill_bar(s, bar);
    (void)write_text(g, row, column, colour_of(s->rgba), "%c", glyph_of(u, frame->n_agents));
    (void)write_text(g, row, column + 2, 0, "%s%3.0f", bar, (double)bound(s->health + s->shield, 0, 999));
}

// agents, an empty line, their opponents; in columns when that is too long
static void list_units(grid *g, int column, int rows, const sl_view_frame *frame) {
    roll r = call(frame);
    bool compact = r.n + 1 > rows;
    int k = 0;
    for (int u = 0; u < r.n; u++) {
        if (!r.unit[u]) continue;
        if (u == frame->n_agents && !compact) k++;
        if (!compact) list_unit(g, 1 + k, column, frame, &r, u);
        if (compact && k / rows < SIDE / COMPACT) {
            list_compact(g, 1 + k % rows, column + k / rows * COMPACT, frame, &r, u);
        }
        k++;
    }
}

// -------------------------------------------------------------------------------------------------------- text

static void write_lines(grid *g, const sl_view_frame *frame, int last) {
    char of[32] = "", numbers[160];
    if (frame->n_episodes > 0) (void)snprintf(of, sizeof of, "/%lld", (long long)frame->n_episodes);
    int len = snprintf(numbers, sizeof numbers, "  episode %lld%s  step %lld/%lld  reward %.3f  return %.3f",
                       (long long)frame->episode, of, (long long)frame->step, (long long)frame->max_steps,
                       frame->reward, frame->total);
    // a long name makes room for the numbers
    int room = g->columns > len ? g->columns - len : 0;
    (void)write_text(g, 0, 0, 0, "%.*s%s", room, frame->title, numbers);
    bool battle = false;
    for (int k = 0; k < frame->n_shapes; k++) battle |= frame->shapes[k].full_health > 0;
    if (frame->outcome) {
        (void)write_text(g, last, 0, 0, "%s", frame->outcome);
    } else {
        (void)write_text(g, last, 0, GREY, "%s",
                         battle ? "0-9 a-z agents  A-Z enemies  x fallen  # walls" : "0-9 a-z agents  o landmarks");
    }
}

static size_t append(char *text, size_t at, const char *what) {
    size_t n = strlen(what);
    if (at + n >= SL_VIEW_BYTES) return at;
    memcpy(text + at, what, n + 1);
    return at + n;
}

// lines without what is blank behind them; a colour is named where it changes
static size_t serialise(const grid *g, const sl_view_size *size, char *text) {
    size_t at = 0;
    for (int row = 0; row < g->rows; row++) {
        int len = g->columns, colour = 0;
        while (len > 0 && g->cells[row][len - 1].glyph == ' ') len--;
        for (int c = 0; c < len; c++) {
            const cell *one = &g->cells[row][c];
            char code[24] = "", glyph[2] = {one->glyph, '\0'};
            bool changes = size->colour && one->glyph != ' ' && one->colour != colour;
            if (changes && one->colour) (void)snprintf(code, sizeof code, "\x1b[38;5;%dm", one->colour);
            if (changes && !one->colour) (void)snprintf(code, sizeof code, "\x1b[0m");
            if (changes) colour = one->colour;
            at = append(text, append(text, at, code), glyph);
        }
        if (colour) at = append(text, at, "\x1b[0m");
        at = append(text, at, size->line_end);
    }
    return at;
}

size_t sl_view_render(const sl_view_frame *frame, const sl_view_size *size, char text[static SL_VIEW_BYTES]) {
    grid g;
    g.columns = (int)bound((float)size->columns, MIN_COLUMNS, SL_VIEW_MAX_COLUMNS);
    g.rows = (int)bound((float)size->rows, MIN_ROWS, SL_VIEW_MAX_ROWS) - 1;
    for (int r = 0; r < g.rows; r++) {
        for (int c = 0; c < g.columns; c++) g.cells[r][c] = (cell){' ', 0, false};
    }
    bool side = g.columns >= SIDE_FROM;
    lens l = aim(&frame->camera, g.columns - (side ? SIDE + 2 : 0), g.rows - 2);
    draw_shapes(&g, &l, frame);
    if (side) list_units(&g, l.columns + 2, g.rows - 2, frame);
    write_lines(&g, frame, g.rows - 1);
    text[0] = '\0';
    return serialise(&g, size, text);
}
