/* picture.c - the particles as circles, and what their actions are called. */
#include "envs/mpe/picture.h"

#include <stdio.h>
#include <string.h>

// everything starts within 1; agents that go astray are shown at the edge
sl_camera sl_mpe_camera(void) {
    static const sl_box box = {-1.5f, -1.5f, 1.5f, 1.5f};
    return (sl_camera){.world = box, .core = box, .step_seconds = 0.1};
}

int sl_mpe_draw(const sl_env *env, int v, sl_shape *shapes, int capacity) {
    const sl_mpe *m = (const sl_mpe *)env;
    sl_mpe_row *rows = sl_mpe_tile(m, v / SL_ENV_LANES);
    int lane = v % SL_ENV_LANES;
    // landmarks first, so that agents lie on top
    for (int k = 0; k < m->E && k < capacity; k++) {
        int e = k < m->E - m->N ? m->N + k : k - (m->E - m->N);
        shapes[k] = (sl_shape){.kind = SL_SHAPE_CIRCLE,
                               .x = (float)rows[sl_mpe_x(e)][lane],
                               .y = (float)rows[sl_mpe_y(e)][lane],
                               .r = (float)m->entities[e].radius,
                               .unit = e < m->N ? e : -1,
                               .target = -1,
                               .rgba = m->entities[e].rgba};
        memcpy(shapes[k].label, m->entities[e].name, SL_NAME_SIZE);
    }
    return m->E;
}

// a word is a number: what it means is up to the agents
void sl_mpe_tell_action(const sl_env *env, int agent, int32_t action, char text[SL_NAME_SIZE]) {
    static const char *const moves[5] = {"stay", "left", "right", "down", "up"};
    const sl_mpe *m = (const sl_mpe *)env;
    const sl_mpe_entity *entity = &m->entities[agent];
    // as in decode(): out of range is nothing
    if (action < 0 || action >= env->spec.agents[agent].n_actions) action = 0;
    if (!entity->movable) {
        (void)snprintf(text, SL_NAME_SIZE, "say %d", (int)action);
    } else if (entity->speaks) {
        (void)snprintf(text, SL_NAME_SIZE, "%s, say %d", moves[action % 5], (int)action / 5);
    } else {
        (void)snprintf(text, SL_NAME_SIZE, "%s", moves[action % 5]);
    }
}
