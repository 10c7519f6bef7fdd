/* recording.c - a recording from its first line to its last; what a line means is its family's business.
 * One thread. */
#include "envs/recording/recording.h"

#include "common/alloc.h"
#include "envs/combat/recording.h"
#include "envs/mpe/recording.h"
#include "envs/recording/lines.h"
#include "envs/recording/options.h"

#include <string.h>

/* One of the halves is there. */
struct sl_recording {
    sl_recording_lines lines;
    sl_combat_recording *combat;
    sl_mpe_recording *mpe;
    long steps;
};

static sl_status read_kind(const sl_recording *self, const json_t *object, const char **out) {
    SL_TRY(sl_recording_string(&self->lines, object, "kind", out));
    bool is_header = strcmp(*out, "header") == 0;
    if (is_header == (self->lines.number == 1)) return SL_OK;
    return sl_recording_bad(&self->lines, is_header ? "a second header" : "the first line is not a header");
}

static sl_status take_header(sl_recording *self, const json_t *object) {
    const char *kind;
    char name[SL_ENV_NAME_SIZE];
    SL_TRY(read_kind(self, object, &kind));
    SL_TRY(sl_recording_find_env(&self->lines, object, name));
    if (strncmp(name, "combat/", 7) == 0) {
        return sl_combat_recording_create(&self->lines, object, name, &self->combat);
    }
    return sl_mpe_recording_create(&self->lines, object, name, &self->mpe);
}

static sl_status read_header(sl_recording *self) {
    json_t *object = NULL;
    SL_TRY(sl_recording_lines_next(&self->lines, &object));
    if (!object) return sl_recording_bad(&self->lines, "the recording is empty");
    sl_status status = take_header(self, object);
    json_decref(object);
    return status;
}

// takes over lines, whatever the outcome
static sl_status open_lines(sl_recording_lines *lines, sl_recording **out) {
    sl_recording *self = sl_alloc(sizeof *self);
    if (!self) {
        sl_status status = sl_fail(SL_MEMORY, NULL, "%s: cannot allocate a replay", lines->name);
        sl_recording_lines_close(lines);
        return status;
    }
    self->lines = *lines;
    sl_status status = read_header(self);
    if (status != SL_OK)
        sl_recording_close(&self);
    else
        *out = self;
    return status;
}

sl_status sl_recording_open(const char *path, sl_recording **out) {
    sl_recording_lines lines;
    SL_TRY(sl_recording_lines_open(path, &lines));
    return open_lines(&lines, out);
}

sl_status sl_recording_open_bytes(const char *name, const uint8_t *bytes, size_t n_bytes, sl_recording **out) {
    sl_recording_lines lines = {.name = name, .bytes = bytes, .n_bytes = n_bytes};
    return open_lines(&lines, out);
}

void sl_recording_close(sl_recording **self) {
    if (!*self) return;
    sl_recording_lines_close(&(*self)->lines);
    sl_combat_recording_destroy(&(*self)->combat);
    sl_mpe_recording_destroy(&(*self)->mpe);
    sl_free(*self);
    *self = NULL;
}

static sl_status take_line(sl_recording *self, const json_t *object, sl_recording_event *event) {
    const char *kind;
    SL_TRY(read_kind(self, object, &kind));
    bool is_step = strcmp(kind, "step") == 0;
    if (!is_step && strcmp(kind, "reset") != 0) return sl_recording_bad(&self->lines, "unknown kind '%.32s'", kind);
    if (self->combat) {
        SL_TRY(sl_combat_recording_line(self->combat, &self->lines, object, is_step, event));
    } else {
        SL_TRY(sl_mpe_recording_line(self->mpe, &self->lines, object, is_step, event));
    }
    event->kind = is_step ? SL_RECORDING_STEP : SL_RECORDING_RESET;
    self->steps += is_step;
    return SL_OK;
}

sl_status sl_recording_next(sl_recording *self, sl_recording_event *out) {
    json_t *object = NULL;
    sl_recording_event event = {.kind = SL_RECORDING_END};
    SL_TRY(sl_recording_lines_next(&self->lines, &object));
    if (!object && self->steps == 0)
        return sl_recording_bad(&self->lines, "the recording ends before its first step");
    if (object) {
        sl_status status = take_line(self, object, &event);
        json_decref(object);
        SL_TRY(status);
    }
    *out = event;
    return SL_OK;
}

const sl_env *sl_recording_env(const sl_recording *self) {
    return self->combat ? sl_combat_recording_env(self->combat) : sl_mpe_recording_env(self->mpe);
}

void sl_recording_get_result(const sl_recording *self, sl_recording_result *out) {
    if (self->combat) {
        sl_combat_recording_result(self->combat, out);
    } else {
        sl_mpe_recording_result(self->mpe, out);
    }
}

// takes over self
static sl_status check_all(sl_recording *self, sl_recording_result *out) {
    sl_recording_event event = {.kind = SL_RECORDING_RESET};
    sl_status status = SL_OK;
    while (status == SL_OK && event.kind != SL_RECORDING_END) status = sl_recording_next(self, &event);
    if (status == SL_OK) sl_recording_get_result(self, out);
    sl_recording_close(&self);
    return status;
}

sl_status sl_recording_check(const char *path, sl_recording_result *out) {
    sl_recording *self = NULL;
    SL_TRY(sl_recording_open(path, &self));
    return check_all(self, out);
}

sl_status sl_recording_check_bytes(const char *name, const uint8_t *bytes, size_t n_bytes, sl_recording_result *out) {
    sl_recording *self = NULL;
    SL_TRY(sl_recording_open_bytes(name, bytes, n_bytes, &self));
    return check_all(self, out);
}
