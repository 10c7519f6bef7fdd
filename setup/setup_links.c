/* setup_links.c - a setup's team as links know it, and the links that a section means for it. */
#include "setup/setup.h"

#include "common/alloc.h"
#include "experiment/links_text.h"

#include <string.h>

int sl_setup_n_told(const sl_setup *self, int agent) {
    const sl_agent_spec *spec = &self->spec.agents[agent];
    int n = 0;
    for (int b = 0; b < spec->n_blocks; b++) n += spec->blocks[b].is_told;
    return n;
}

// blocks (N * SL_MAX_BLOCKS), agents (N)
static sl_links_team describe(const sl_setup *self, sl_links_agent *agents, sl_links_block *blocks) {
    for (int i = 0; i < self->N; i++) {
        const sl_agent_spec *spec = &self->spec.agents[i];
        agents[i] = (sl_links_agent){.obs_dim = spec->obs_dim, .n_blocks = spec->n_blocks, .blocks = blocks};
        for (int b = 0; b < spec->n_blocks; b++) {
            const sl_block *block = &spec->blocks[b];
            *blocks++ = (sl_links_block){block->name, block->begin, block->len, block->is_told};
        }
    }
    return (sl_links_team){.n_agents = self->N,
                           .obs_dim = self->O,
                           .n_actions = self->A,
                           .max_steps = self->spec.max_steps,
                           .step_ms = self->step_ms,
                           .agents = agents};
}

sl_status sl_setup_make_links(const sl_setup *self, const sl_links_def *def, sl_links **out) {
    size_t N = (size_t)self->N;
    sl_links_agent *agents = sl_alloc_array(N, sizeof *agents);
    sl_links_block *blocks = sl_alloc_array(N * SL_MAX_BLOCKS, sizeof *blocks);
    bool ok = agents && blocks;
    sl_status status = ok ? SL_OK : sl_fail(SL_MEMORY, NULL, "no memory for an experiment's links");
    if (ok) {
        sl_links_team team = describe(self, agents, blocks);
        status = sl_links_create(def, &team, out);
    }
    sl_free(agents);
    sl_free(blocks);
    return status;
}

sl_status sl_setup_links(const sl_setup *self, const char *what, const char *text, sl_links **out) {
    sl_links_def def = {0};
    SL_TRY(sl_experiment_parse_links(what, text, strlen(text), &def));
    sl_status status = sl_setup_make_links(self, &def, out);
    sl_links_def_fini(&def);
    return status;
}

const sl_links *sl_setup_trained_links(const sl_setup *self, bool students) {
    // a setup that is made by hand may have none
    bool any = self->links && !sl_links_is_none(self->links);
    return any && (students || self->experiment->links.teaches_stale) ? self->links : NULL;
}
