/* map_file.c - maps: JSON that says who fights whom, where, and on what ground. Those of envs/combat/maps are built
 * in. A map is what a user wrote: everything in it is checked, and what is refused names the file and the place. */
#include "envs/combat/map.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <jansson.h>

/* A map that is built in. */
typedef struct builtin {
    const char *name, *text;
} builtin;

static const builtin builtins[] = {
#include "combat_maps.inc"
};

static const int MAX_STEPS = 1000000;
static const size_t MAX_BYTES = 1 << 20;

/* A map being read, and the places in it for messages. */
typedef struct reader {
    const char *file;
    sl_combat_map *map;
    uint8_t group[SL_COMBAT_MAX_UNITS]; /* of each unit, among the groups of its side */
} reader;

static sl_status refuse(const reader *r, const char *hint, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static sl_status refuse(const reader *r, const char *hint, const char *format, ...) {
    char what[256];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return sl_fail(SL_CONFIG, hint ? hint : "docs/environments.md describes maps", "%s: %s", r->file, what);
}

// a misspelt key is an error, not a default
static sl_status check_keys(const reader *r, const json_t *object, const char *place, const char *known) {
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value) {
        char framed[64];
        (void)snprintf(framed, sizeof framed, " %.40s ", key);
        if (strlen(key) > 40 || strchr(key, ' ') || !strstr(known, framed)) {
            char hint[128];
            (void)snprintf(hint, sizeof hint, "its keys are%.*s", (int)strlen(known) - 1, known);
            return refuse(r, hint, "%s: unknown key '%.32s'", place, key);
        }
    }
    return SL_OK;
}

static sl_status read_int(const reader *r, const json_t *value, const char *place, int low, int high, int *out) {
    json_int_t number = json_is_integer(value) ? json_integer_value(value) : 0;
    if (!json_is_integer(value) || number < low || number > high) {
        return refuse(r, NULL, "%s is not an integer from %d to %d", place, low, high);
    }
    *out = (int)number;
    return SL_OK;
}

static sl_status read_point(const reader *r, const json_t *list, const char *place, double *x, double *y) {
    double sides[2] = {r->map->width, r->map->height}, at[2];
    for (size_t k = 0; k < 2; k++) {
        const json_t *value = json_array_get(list, k);
        at[k] = json_number_value(value);
        if (json_array_size(list) != 2 || !json_is_number(value) || !(at[k] >= 0.0 && at[k] <= sides[k])) {
            return refuse(r, "x from 0 to the width, y from 0 to the height", "%s is not a point of the map", place);
        }
    }
    *x = at[0];
    *y = at[1];
    return SL_OK;
}

static sl_status read_walls(const reader *r, const json_t *list) {
    sl_combat_map *map = r->map;
    for (int row = 0; row < map->height; row++) memset(map->open[row], 1, (size_t)map->width);
    if (!list) return SL_OK;
    if (!json_is_array(list) || json_array_size(list) > SL_COMBAT_MAX_WALLS) {
        return refuse(r, NULL, "walls is not a list of at most %d rectangles", SL_COMBAT_MAX_WALLS);
    }
    map->n_walls = (int)json_array_size(list);
    for (int w = 0; w < map->n_walls; w++) {
        const json_t *corners = json_array_get(list, (size_t)w);
        int c[4];
        if (json_array_size(corners) != 4) {
            return refuse(r, "[left, bottom, right, top] in cells", "walls[%d] has not four numbers", w);
        }
        for (int k = 0; k < 4; k++) {
            char place[32];
            (void)snprintf(place, sizeof place, "walls[%d][%d]", w, k);
            SL_TRY(
                read_int(r, json_array_get(corners, (size_t)k), place, 0, k % 2 ? map->height : map->width, &c[k]));
        }
        if (c[0] >= c[2] || c[1] >= c[3]) {
            return refuse(r, "[left, bottom, right, top] in cells", "walls[%d] is empty", w);
        }
        map->walls[w] = (sl_combat_wall){c[0], c[1], c[2], c[3]};
        for (int row = c[1]; row < c[3]; row++) memset(&map->open[row][c[0]], 0, (size_t)(c[2] - c[0]));
    }
    return SL_OK;
}

// appends the units of one group, type after type
static sl_status read_units(const reader *r, const json_t *units, const char *place, int *n_units) {
    const char *name;
    json_t *value;
    if (!json_is_object(units) || json_object_size(units) == 0) {
        return refuse(r, "\"units\": {\"marine\": 3}", "%s.units is not an object of counts", place);
    }
    json_object_foreach((json_t *)units, name, value) {
        const sl_combat_type *type = sl_combat_find_type(name);
        char what[96];
        int count = 0;
        if (!type) return refuse(r, sl_combat_type_names(), "%s.units: unknown unit '%.32s'", place, name);
        (void)snprintf(what, sizeof what, "%s.units.%s", place, name);
        SL_TRY(read_int(r, value, what, 1, SL_COMBAT_MAX_UNITS, &count));
        if (*n_units + count > SL_COMBAT_MAX_UNITS) {
            return refuse(r, "both sides together", "%s: more than %d units", what, SL_COMBAT_MAX_UNITS);
        }
        int k = sl_combat_index_type(r->map, type);
        for (int i = 0; i < count; i++) r->map->type[(*n_units)++] = (uint8_t)k;
    }
    return SL_OK;
}

static sl_status read_side(reader *r, const json_t *groups, const char *side, double sign, int *n_units) {
    if (!json_is_array(groups) || json_array_size(groups) == 0) {
        return refuse(r, "a list of {\"at\": [x, y], \"units\": {...}}", "%s is not a list of groups", side);
    }
    for (size_t g = 0; g < json_array_size(groups); g++) {
        const json_t *group = json_array_get(groups, g);
        char place[64], at[80];
        double x = 0.0, y = 0.0;
        int begin = *n_units;
        (void)snprintf(place, sizeof place, "%s[%zu]", side, g);
        (void)snprintf(at, sizeof at, "%s.at", place);
        if (!json_is_object(group)) return refuse(r, NULL, "%s is not an object", place);
        SL_TRY(check_keys(r, group, place, " at units "));
        SL_TRY(read_point(r, json_object_get(group, "at"), at, &x, &y));
        SL_TRY(read_units(r, json_object_get(group, "units"), place, n_units));
        sl_combat_spawn(r->map, begin, *n_units, x, y, sign);
        // a group has a unit at least, so there are no more groups than units
        for (int u = begin; u < *n_units; u++) r->group[u] = (uint8_t)g;
        r->map->groups[r->map->n_groups++] = (sl_combat_group){.begin = begin, .end = *n_units};
    }
    return SL_OK;
}

static const char *name_unit(const reader *r, int u, char text[static 64]) {
    bool ally = u < r->map->n_allies;
    (void)snprintf(text, 64, "%s %d (%s) of %s[%d]", ally ? "ally" : "enemy", ally ? u : u - r->map->n_allies,
                   r->map->types[r->map->type[u]]->name, ally ? "allies" : "enemies", r->group[u]);
    return text;
}

// every unit stands on open ground, inside the map, and touches no other
static sl_status check_spawns(const reader *r) {
    const sl_combat_map *map = r->map;
    char first[64], second[64];
    for (int u = 0; u < map->n_allies + map->n_enemies; u++) {
        double x = (double)map->x[u], y = (double)map->y[u];
        if (!sl_combat_is_inside(map, u, x, y)) {
            return refuse(r, "move its group inwards", "%s starts at (%g, %g), outside the map",
                          name_unit(r, u, first), x, y);
        }
        int wall = sl_combat_find_wall(map, u, x, y);
        if (wall >= 0) {
            return refuse(r, "move its group", "%s starts at (%g, %g), in walls[%d]", name_unit(r, u, first), x, y,
                          wall);
        }
        for (int j = 0; j < u; j++) {
            if (!sl_combat_touches(map, u, x, y, j, (double)map->x[j], (double)map->y[j])) continue;
            return refuse(r, "move their groups apart", "%s and %s overlap at (%g, %g)", name_unit(r, j, second),
                          name_unit(r, u, first), x, y);
        }
    }
    return SL_OK;
}

static sl_status read_map(reader *r, const json_t *object) {
    sl_combat_map *map = r->map;
    int n_units = 0;
    if (!json_is_object(object)) return refuse(r, NULL, "a map is a JSON object");
    SL_TRY(check_keys(r, object, "the map", " step_limit width height walls allies enemies goal "));
    SL_TRY(read_int(r, json_object_get(object, "step_limit"), "step_limit", 1, MAX_STEPS, &map->step_limit));
    SL_TRY(read_int(r, json_object_get(object, "width"), "width", 1, SL_COMBAT_MAX_SIDE, &map->width));
    SL_TRY(read_int(r, json_object_get(object, "height"), "height", 1, SL_COMBAT_MAX_SIDE, &map->height));
    SL_TRY(read_walls(r, json_object_get(object, "walls")));
    SL_TRY(read_side(r, json_object_get(object, "allies"), "allies", 1.0, &n_units));
    map->n_allies = n_units;
    SL_TRY(read_side(r, json_object_get(object, "enemies"), "enemies", -1.0, &n_units));
    map->n_enemies = n_units - map->n_allies;
    SL_TRY(read_point(r, json_object_get(object, "goal"), "goal", &map->goal_x, &map->goal_y));
    return check_spawns(r);
}

/* A file of bounded length. */
typedef struct source {
    FILE *stream;
    size_t n_bytes;
} source;

// for jansson: as many bytes as there are, up to one more than is allowed
static size_t read_some(void *buffer, size_t size, void *data) {
    source *s = data;
    size_t left = MAX_BYTES + 1 - s->n_bytes, n = fread(buffer, 1, size < left ? size : left, s->stream);
    s->n_bytes += n;
    return n;
}

// "combat/3m" or "combat/FILE.json"
static sl_status open_map(const char *name, json_t **out) {
    json_error_t error;
    const char *file = name + strlen("combat/");
    for (size_t i = 0; i < sizeof builtins / sizeof builtins[0]; i++) {
        if (strcmp(builtins[i].name, file) == 0) {
            *out = json_loads(builtins[i].text, JSON_REJECT_DUPLICATES, &error);
            return *out ? SL_OK : sl_fail(SL_MEMORY, NULL, "%s: cannot read the map", name);
        }
    }
    struct stat info;
    // a recording may name anything: a pipe would be waited for
    if (stat(file, &info) == 0 && !S_ISREG(info.st_mode)) {
        return sl_fail(SL_IO, "combat/FILE.json reads a map of your own", "%s: not a regular file", file);
    }
    source s = {.stream = fopen(file, "rbe")};
    if (!s.stream) {
        int code = errno;
        return sl_fail(code == ENOENT ? SL_NOT_FOUND : SL_IO, "combat/FILE.json reads a map of your own", "%s: %s",
                       file, strerror(code));
    }
    json_t *object = json_load_callback(read_some, &s, JSON_REJECT_DUPLICATES, &error);
    (void)fclose(s.stream);
    if (object) {
        *out = object;
        return SL_OK;
    }
    if (s.n_bytes > MAX_BYTES) {
        return sl_fail(SL_CONFIG, "docs/environments.md describes maps", "%s is longer than %zu bytes", file,
                       MAX_BYTES);
    }
    return sl_fail(SL_CONFIG, "docs/environments.md describes maps", "%s:%d:%d: not JSON: %s", file, error.line,
                   error.column, error.text);
}

sl_status sl_combat_map_load(const char *name, sl_combat_map *out) {
    json_t *object = NULL;
    SL_TRY(open_map(name, &object));
    *out = (sl_combat_map){0};
    reader r = {.file = name + strlen("combat/"), .map = out};
    sl_status status = read_map(&r, object);
    json_decref(object);
    return status;
}
