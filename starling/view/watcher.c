/* watcher.c - see watcher.h. */
#include "starling/view/watcher.h"

#include "common/alloc.h"
#include "common/log.h"
#include "envs/shape_rows.h"
#include "starling/view/screen.h"

#include <stdio.h>
#include <string.h>

struct sl_watcher {
    sl_env *env; /* knows the words and the camera; it is never stepped */
    const sl_env_spec *spec;
    sl_screen *screen;
    int64_t n_shown, n_dropped;
    /* the picture before: what the last step was worth follows from it */
    int64_t episode;
    int32_t step;
    double total;
    sl_shape shapes[SL_MAX_SHAPES];
    char (*words)[SL_NAME_SIZE]; /* (N) */
    int32_t *actions;            /* (N) of the picture, which lies in memory as it came, aligned to nothing */
    double *returns;             /* (N) likewise */
};

static sl_status allocate(sl_watcher *self) {
    size_t N = (size_t)self->spec->n_agents;
    self->words = sl_alloc_array(N, sizeof *self->words);
    self->actions = sl_alloc_array(N, sizeof *self->actions);
    self->returns = sl_alloc_array(N, sizeof *self->returns);
    return self->words && self->actions && self->returns ? SL_OK : sl_fail(SL_MEMORY, NULL, "no memory to watch");
}

sl_status sl_watcher_open(const sl_run *run, sl_watcher **out) {
    sl_watcher *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "no memory to watch");
    sl_status status = sl_setup_env(run->setup, 1, &run->setup->root, &self->env);
    if (status == SL_OK) self->spec = sl_env_get_spec(self->env);
    if (status == SL_OK) status = allocate(self);
    if (status == SL_OK) status = sl_screen_open(&self->screen);
    if (status != SL_OK)
        sl_watcher_close(&self);
    else
        *out = self;
    return status;
}

void sl_watcher_close(sl_watcher **self) {
    if (!*self) return;
    sl_screen_close(&(*self)->screen);
    sl_free((*self)->words);
    sl_free((*self)->actions);
    sl_free((*self)->returns);
    sl_env_destroy(&(*self)->env);
    sl_free(*self);
    *self = NULL;
}

int64_t sl_watcher_step_us(const sl_watcher *self, double speed) {
    double us = sl_env_get_camera(self->env)->step_seconds / speed * 1e6;
    return us >= 1 ? (int64_t)us : 1;
}

int64_t sl_watcher_shown(const sl_watcher *self) {
    return self->n_shown;
}

/* What a picture holds besides its shapes and what the watcher copies. */
typedef struct picture {
    int n_shapes;
    int32_t step;
    bool acted;
} picture;

static bool read_picture(sl_watcher *self, const sl_learn_message *m, picture *out) {
    const sl_wire_tensor *shapes = sl_learn_find(m, SL_TENSOR_SHAPES, SL_SHAPE(SL_ANY_LENGTH, SL_SHAPE_NUMBERS));
    int64_t N = self->spec->n_agents, n = shapes ? shapes->dims[0] : 0;
    if (!shapes || n > SL_MAX_SHAPES) return false;
    const sl_wire_tensor *labels = sl_learn_find(m, SL_TENSOR_LABELS, SL_SHAPE(n, SL_SHAPE_BYTES));
    const sl_wire_tensor *returns = sl_learn_find(m, SL_TENSOR_EPISODE_RETURN, SL_SHAPE(1, N));
    const sl_wire_tensor *step = sl_learn_find(m, SL_TENSOR_EPISODE_LENGTH, SL_SHAPE(1));
    const sl_wire_tensor *actions = sl_learn_find(m, SL_TENSOR_ACTION, SL_SHAPE(N));
    if (!labels || !returns || !step || (!actions && sl_learn_tensor(m, SL_TENSOR_ACTION))) return false;
    if (sl_shape_rows_read((int)n, shapes->data, labels->data, self->shapes) != SL_OK) return false;
    out->n_shapes = (int)n;
    out->acted = actions != NULL;
    memcpy(&out->step, step->data, sizeof out->step);
    memcpy(self->returns, returns->data, (size_t)N * sizeof *self->returns);
    if (actions) memcpy(self->actions, actions->data, (size_t)N * sizeof *self->actions);
    return out->step >= 0;
}

static void show(sl_watcher *self, const sl_learn_message *m, const picture *p) {
    double total = sl_env_return(self->spec, self->returns);
    bool follows = m->done == self->episode && p->step == self->step + 1;
    for (int i = 0; i < self->spec->n_agents && p->acted; i++) {
        sl_env_tell_action(self->env, i, self->actions[i], self->words[i]);
    }
    sl_view_frame frame = {.title = self->spec->name,
                           .camera = *sl_env_get_camera(self->env),
                           .n_shapes = p->n_shapes,
                           .shapes = self->shapes,
                           .n_agents = self->spec->n_agents,
                           .words = p->acted ? (const char(*)[SL_NAME_SIZE])self->words : NULL,
                           .episode = m->done + 1,
                           .n_episodes = m->total,
                           .step = p->step,
                           .max_steps = self->spec->max_steps,
                           .reward = follows ? total - self->total : 0,
                           .total = total,
                           .outcome = m->text[0] ? m->text : NULL};
    self->episode = m->done;
    self->step = p->step;
    self->total = total;
    self->n_shown++;
    // stdout that is gone shows when the result is printed
    if (sl_screen_show(self->screen, &frame) != SL_OK) SL_DEBUGF("%s", sl_error_what());
}

void sl_watcher_take(void *context, const sl_learn_message *message) {
    sl_watcher *self = context;
    picture p;
    if (read_picture(self, message, &p)) {
        show(self, message, &p);
        return;
    }
    // the first, second, fourth, ...
    self->n_dropped++;
    if ((self->n_dropped & (self->n_dropped - 1)) == 0)
        SL_WARN("a picture of the flight was dropped, %lld so far", (long long)self->n_dropped);
}
