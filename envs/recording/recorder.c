/* recorder.c - see recorder.h. */
#include "envs/recording/recorder.h"

#include "common/alloc.h"
#include "common/assert.h"
#include "envs/env_class.h"
#include "envs/family.h"
#include "envs/recording/options.h"
#include "envs/recording/recording_class.h"

#include <string.h>

struct sl_env_recorder {
    sl_recorded recorded;
    const sl_recording_class *class;
    int64_t steps;  /* of this episode */
    double *reward; /* (N) */
    uint8_t terminated, truncated, won;
};

static sl_status write_header(sl_env_recorder *self, const sl_env_recorder_def *def) {
    size_t prefix = self->class->bare_names ? strlen(sl_env_family_of(def->name)->prefix) : 0;
    json_t *header = json_pack("{s:s,s:s,s:s,s:s?,s:I,s:o}", "kind", "header", "reference", "Starling " SL_VERSION,
                               "env", def->name + prefix, "policy", def->policy, "seed", (json_int_t)def->seed,
                               "options", sl_recording_write_options(def->options, sl_env_family_of(def->name)));
    if (!header) return sl_fail(SL_MEMORY, NULL, "%s: cannot allocate a header", def->path);
    self->class->write_header(self->recorded.env, header);
    sl_status status = sl_recording_put_object(&self->recorded.writer, header);
    json_decref(header);
    return status;
}

static sl_status prepare(sl_env_recorder *self, const sl_env_recorder_def *def) {
    sl_recorded *r = &self->recorded;
    size_t N = (size_t)r->spec->n_agents;
    r->obs = sl_alloc_array(N * (size_t)r->spec->obs_dim, sizeof *r->obs);
    r->state = sl_alloc_array((size_t)r->spec->state_dim, sizeof *r->state);
    r->avail = sl_alloc_array(N, (size_t)r->spec->n_actions);
    self->reward = sl_alloc_array(N, sizeof *self->reward);
    if (!r->obs || !r->state || !r->avail || !self->reward) {
        return sl_fail(SL_MEMORY, NULL, "%s: cannot allocate a recording", def->path);
    }
    SL_TRY(sl_recording_writer_open(def->path, &r->writer));
    return write_header(self, def);
}

static void destroy(sl_env_recorder *self) {
    sl_free(self->recorded.obs);
    sl_free(self->recorded.state);
    sl_free(self->recorded.avail);
    sl_free(self->reward);
    sl_free(self);
}

sl_status sl_env_recorder_open(const sl_env_recorder_def *def, sl_env *env, sl_env_recorder **out) {
    const sl_recording_class *class = sl_env_family_of(def->name)->recording;
    if (!class) return sl_fail(SL_CONFIG, NULL, "%s cannot be recorded", def->name);
    sl_env_recorder *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "%s: cannot allocate a recording", def->path);
    SL_ASSERT(env->V == 1);
    self->recorded.env = env;
    self->recorded.spec = sl_env_get_spec(env);
    self->class = class;
    sl_status status = prepare(self, def);
    if (status == SL_OK) {
        *out = self;
        return SL_OK;
    }
    // what failed first is told
    if (self->recorded.writer.file) (void)gzclose(self->recorded.writer.file);
    destroy(self);
    return status;
}

sl_status sl_env_recorder_close(sl_env_recorder **self) {
    if (!*self) return SL_OK;
    sl_status status = sl_recording_writer_close(&(*self)->recorded.writer);
    destroy(*self);
    *self = NULL;
    return status;
}

sl_status sl_env_recorder_reset(sl_env_recorder *self, int64_t episode, sl_env_out *out) {
    sl_recording_writer *w = &self->recorded.writer;
    self->steps = 0;
    sl_recording_put(w, "{\"kind\":\"reset\",\"episode\":%lld", (long long)episode);
    self->class->record_reset(&self->recorded, out);
    return sl_recording_end_line(w);
}

// what the line tells is needed whether or not the caller wants it
static sl_env_out begin_step(sl_env_recorder *self, const sl_env_out *out) {
    sl_env_out all = *out;
    if (!all.reward) all.reward = self->reward;
    if (!all.terminated) all.terminated = &self->terminated;
    if (!all.truncated) all.truncated = &self->truncated;
    if (!all.won) all.won = &self->won;
    sl_recording_put(&self->recorded.writer, "{\"kind\":\"step\",\"t\":%lld", (long long)self->steps++);
    return all;
}

sl_status sl_env_recorder_step(sl_env_recorder *self, const int32_t *actions, sl_env_out *out) {
    sl_env_out all = begin_step(self, out);
    self->class->record_step(&self->recorded, actions, &all);
    return sl_recording_end_line(&self->recorded.writer);
}

sl_status sl_env_recorder_step_continuous(sl_env_recorder *self, const float *actions, sl_env_out *out) {
    sl_env_out all = begin_step(self, out);
    self->class->record_step_continuous(&self->recorded, actions, &all);
    return sl_recording_end_line(&self->recorded.writer);
}
