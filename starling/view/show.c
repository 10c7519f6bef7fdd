/* show.c - see show.h. */
#include "starling/view/show.h"

#include "common/alloc.h"
#include "common/clock.h"
#include "starling/run/interrupt.h"
#include "starling/view/screen.h"

struct sl_show {
    const sl_env *env;
    double period, next; /* seconds */
    int64_t n_episodes;
    sl_screen *screen;
    sl_shape shapes[SL_MAX_SHAPES];
    char (*words)[SL_NAME_SIZE]; /* (N) */
};

sl_status sl_show_open(const sl_env *env, double speed, int64_t n_episodes, sl_show **out) {
    sl_show *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "no memory for a show");
    self->env = env;
    self->period = sl_env_get_camera(env)->step_seconds / speed;
    self->n_episodes = n_episodes;
    self->words = sl_alloc_array((size_t)sl_env_get_spec(env)->n_agents, sizeof *self->words);
    sl_status status = self->words ? SL_OK : sl_fail(SL_MEMORY, NULL, "no memory for a show");
    if (status == SL_OK) status = sl_screen_open(&self->screen);
    if (status != SL_OK)
        sl_show_close(&self);
    else
        *out = self;
    return status;
}

void sl_show_close(sl_show **self) {
    if (!*self) return;
    sl_screen_close(&(*self)->screen);
    sl_free((*self)->words);
    sl_free(*self);
    *self = NULL;
}

sl_status sl_show_state(sl_show *self, const sl_player_state *state) {
    const sl_env_spec *spec = sl_env_get_spec(self->env);
    for (int i = 0; i < spec->n_agents && state->actions; i++) {
        sl_env_tell_action(self->env, i, state->actions[i], self->words[i]);
    }
    int n_shapes = sl_env_draw(self->env, 0, self->shapes, SL_MAX_SHAPES);
    sl_view_frame frame = {.title = spec->name,
                           .camera = *sl_env_get_camera(self->env),
                           .n_shapes = n_shapes < SL_MAX_SHAPES ? n_shapes : SL_MAX_SHAPES,
                           .shapes = self->shapes,
                           .n_agents = spec->n_agents,
                           .words = state->actions ? (const char(*)[SL_NAME_SIZE])self->words : NULL,
                           .episode = state->episode + 1,
                           .n_episodes = self->n_episodes,
                           .step = state->step,
                           .max_steps = spec->max_steps,
                           .reward = state->reward,
                           .total = state->total};
    if (state->truncated) frame.outcome = "time is up";
    if (state->terminated) frame.outcome = state->won ? "won" : "lost";
    SL_TRY(sl_screen_show(self->screen, &frame));
    // what is late is not made up for
    double now = sl_clock_seconds();
    self->next = self->next > now - self->period ? self->next + self->period : now + self->period;
    return sl_interrupt_wait(self->next - now);
}
