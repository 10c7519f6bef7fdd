/* team.h - what the tests of links/ share: a team of two agents, A = 3 actions, whose observations tell when they
 * were made. Feature f of agent i at step t is 100 t + 10 i + f. Blocks: own [0:1] sensed, ally [1:3] told, comm
 * [3:4] told; agent 1 has no comm. Included after cmocka.h. */
#ifndef SL_TESTS_LINKS_TEAM_H
#define SL_TESTS_LINKS_TEAM_H

#include "links/team.h"

#include <string.h>

enum { RIG_N = 2, RIG_O = 4, RIG_A = 3, RIG_T = 20, RIG_P = RIG_O + 2 };

static const sl_links_block rig_blocks[3] = {{"own", 0, 1, false}, {"ally", 1, 2, true}, {"comm", 3, 1, true}};
static const sl_links_agent rig_agents[RIG_N] = {{4, 3, rig_blocks}, {3, 2, rig_blocks}};
static const sl_links_team rig_team = {RIG_N, RIG_O, RIG_A, RIG_T, 100.0, rig_agents};

/* Texts are literals here: a definition of a test is never freed. */
static inline sl_links_def rig_def(sl_execution execution, const char *delay) {
    return (sl_links_def){.execution = execution, .words = {.delay = (char *)delay}};
}

static inline sl_links *rig_links(const sl_links_def *def) {
    sl_links *links = NULL;
    sl_status status = sl_links_create(def, &rig_team, &links);
    if (status != SL_OK) print_message("%s\n", sl_error_what());
    assert_int_equal(status, SL_OK);
    return links;
}

static inline void rig_observe(int V, int t, float *obs) {
    for (int v = 0; v < V; v++)
        for (int i = 0; i < RIG_N; i++)
            for (int f = 0; f < RIG_O; f++) {
                bool has = f < rig_agents[i].obs_dim;
                obs[(v * RIG_N + i) * RIG_O + f] = has ? (float)(1000 * v + 100 * t + 10 * i + f) : 0.0f;
            }
}

#endif
