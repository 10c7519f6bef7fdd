/* recording.c - a recording from its first line to its last; what a line means is its family's business. One thread.
 */
#include "envs/recording/recording.h"

#include "common/alloc.h"
#include "envs/family.h"
#include "envs/recording/options.h"
#include "envs/recording/recording_class.h"

#include <stdio.h>
#include <string.h>

struct sl_recording {
    sl_recording_lines lines;
    const sl_recording_class *class;
    sl_replay *replay;
    long steps;
};

static sl_status read_kind(const sl_recording *self, const json_t *object, const char **out) {
    SL_TRY(sl_recording_string(&self->lines, object, "kind", out));
    bool is_header = strcmp(*out, "header") == 0;
    if (is_header == (self->lines.number == 1)) return SL_OK;
    return sl_recording_bad(&self->lines, is_header ? "a second header" : "the first line is not a header");
}

// the full name: where there is no prefix, it is of the family that leaves it out
static bool complete_name(const char *env, char name[static SL_ENV_NAME_SIZE]) {
    const char *prefix = "";
    for (int f = 0; sl_env_families[f] && !strchr(env, '/'); f++) {
        const sl_recording_class *class = sl_env_families[f]->recording;
        if (class && class->bare_names) prefix = sl_env_families[f]->prefix;
    }
    int n = snprintf(name, SL_ENV_NAME_SIZE, "%s%s", prefix, env);
    return n > 0 && n < SL_ENV_NAME_SIZE;
}

static sl_status find_env(sl_recording *self, const json_t *header, char name[static SL_ENV_NAME_SIZE]) {
    const char *env;
    SL_TRY(sl_recording_string(&self->lines, header, "env", &env));
    if (complete_name(env, name) && sl_env_is_known(name)) self->class = sl_env_family_of(name)->recording;
    if (self->class) return SL_OK;
    return sl_fail(SL_MISMATCH, "`starling env list` shows the names",
                   "%s: a recording of '%.80s', which is not here", self->lines.name, name);
}

// an option that the environment refuses is a recording of something else
static sl_status create_env(const sl_recording_lines *lines, const char *name, const sl_env_options *options,
                            sl_env **out) {
    sl_rng stream = sl_rng_seed(0);
    sl_status status = sl_env_create(name, options, 1, &stream, out);
    char what[256];
    (void)snprintf(what, sizeof what, "%s", sl_error_what());
    if (status == SL_CONFIG) return sl_fail(SL_MISMATCH, NULL, "%s: %s", lines->name, what);
    if (status == SL_NOT_FOUND || status == SL_IO) {
        return sl_fail(status, "a recording names the file of its map: look from the folder where it was made",
                       "%s: a battle on the map %s", lines->name, what);
    }
    return status;
}

static sl_status take_header(sl_recording *self, const json_t *object) {
    const char *kind;
    char name[SL_ENV_NAME_SIZE];
    sl_env_options options = sl_env_default_options();
    SL_TRY(read_kind(self, object, &kind));
    SL_TRY(find_env(self, object, name));
    self->replay = sl_alloc(self->class->replay_bytes);
    if (!self->replay) return sl_fail(SL_MEMORY, NULL, "%s: cannot allocate a replay", self->lines.name);
    self->replay->lines = &self->lines;
    SL_TRY(sl_recording_read_options(&self->lines, object, &options));
    SL_TRY(self->class->read_header(self->replay, object, &options));
    SL_TRY(create_env(&self->lines, name, &options, &self->replay->env));
    SL_TRY(sl_replay_prepare(self->replay));
    return self->class->check_header ? self->class->check_header(self->replay, object) : SL_OK;
}

static sl_status read_header(sl_recording *self) {
    json_t *object = NULL;
    SL_TRY(sl_recording_lines_next(&self->lines, &object));
    if (!object) return sl_recording_bad(&self->lines, "the recording is empty");
    sl_status status = take_header(self, object);
    json_decref(object);
    return status;
}

sl_status sl_recording_open(const char *path, sl_recording **out) {
    sl_recording *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "%s: cannot allocate a replay", path);
    sl_status status = sl_recording_lines_open(path, &self->lines);
    if (status == SL_OK) status = read_header(self);
    if (status != SL_OK)
        sl_recording_close(&self);
    else
        *out = self;
    return status;
}

void sl_recording_close(sl_recording **self) {
    if (!*self) return;
    sl_recording_lines_close(&(*self)->lines);
    if ((*self)->replay) sl_replay_finish((*self)->replay);
    sl_free((*self)->replay);
    sl_free(*self);
    *self = NULL;
}

static sl_status take_line(sl_recording *self, const json_t *object, sl_recording_event *event) {
    const char *kind;
    SL_TRY(read_kind(self, object, &kind));
    bool is_step = strcmp(kind, "step") == 0;
    if (!is_step && strcmp(kind, "reset") != 0) return sl_recording_bad(&self->lines, "unknown kind '%.32s'", kind);
    if (is_step && !self->replay->in_episode) return sl_recording_bad(&self->lines, "a step outside an episode");
    SL_TRY(is_step ? self->class->replay_step(self->replay, object, event)
                   : self->class->replay_reset(self->replay, object));
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
    return self->replay->env;
}

void sl_recording_get_result(const sl_recording *self, sl_recording_result *out) {
    *out = self->replay->result;
    out->within_tolerance = out->mismatched_steps == 0;
}

sl_status sl_recording_check(const char *path, sl_recording_result *out) {
    sl_recording *self = NULL;
    SL_TRY(sl_recording_open(path, &self));
    sl_recording_event event = {.kind = SL_RECORDING_RESET};
    sl_status status = SL_OK;
    while (status == SL_OK && event.kind != SL_RECORDING_END) status = sl_recording_next(self, &event);
    if (status == SL_OK) sl_recording_get_result(self, out);
    sl_recording_close(&self);
    return status;
}
