/* fuzz_link_words.c - the words of a link, a key a line: preset, delay, loss, order, outages, then agents and blocks
 * of a rule. What is taken makes sound channels: closed forms in order, fates that are not before they were sent.
 * Traces are left out, for they name files. */
#include "links/team.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

enum { N_WORDS = 7, N_STEPS = 30 };

static void check(bool holds) {
    if (!holds) abort();
}

static void check_channel(const sl_channel_def *def) {
    double p50 = sl_delay_percentile(&def->delay, 0.5), p99 = sl_delay_percentile(&def->delay, 0.99);
    check(p50 >= 0.0 && p99 >= p50 && sl_delay_most(&def->delay) >= p99);
    double rate = sl_loss_rate(&def->loss), burst = sl_loss_mean_burst(&def->loss);
    check(rate >= 0.0 && rate <= 1.0 && (isnan(burst) ? rate == 0.0 : burst >= 0.999));
    sl_rng stream = sl_rng_seed(1);
    sl_channel channel;
    sl_channel_begin(def, &stream, &channel);
    for (int i = 0; i < N_STEPS; i++) {
        sl_fate fate = sl_channel_send(def, &channel, 100.0, i);
        check(fate.n >= 0 && fate.n <= 2);
        for (int k = 0; k < fate.n; k++) check(fate.at[k] >= i);
    }
}

static void play(const sl_links *links) {
    sl_link_team *team = NULL;
    float obs[2 * 4] = {1}, seen[2 * 6];
    int32_t actions[2] = {0};
    uint8_t active[2];
    if (sl_link_team_create(links, 1, true, &team) != SL_OK) return;
    for (int t = 0; t < N_STEPS; t++) {
        if (links->execution == SL_EXECUTION_ONBOARD) {
            sl_link_team_show(team, 0, 1, obs, seen);
            continue;
        }
        sl_link_team_send(team, 0, 1, obs, NULL);
        while (sl_link_team_deliver(team, 0, 1, seen, NULL, active)) sl_link_team_act(team, 0, 1, active, actions);
        sl_link_team_apply(team, 0, 1, actions);
    }
    sl_link_team_destroy(&team);
}

static void make_team(sl_links_def *def) {
    static const sl_links_block blocks[] = {{"own", 0, 1, false}, {"ally", 1, 2, true}, {"comm", 3, 1, true}};
    static const sl_links_agent agents[] = {{4, 3, blocks}, {4, 3, blocks}};
    const sl_links_team team = {2, 4, 3, 20, 100.0, agents};
    for (int e = 0; e < 2; e++) {
        sl_links *links = NULL;
        def->execution = (sl_execution)e;
        if (sl_links_create(def, &team, &links) != SL_OK) continue;
        play(links);
        sl_links_destroy(&links);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) {
    char text[1024], *words[N_WORDS];
    if (n_bytes >= sizeof text) return 0;
    memcpy(text, bytes, n_bytes);
    text[n_bytes] = 0;
    if (strstr(text, "trace")) return 0;
    char *at = text;
    for (int w = 0; w < N_WORDS; w++) {
        words[w] = at;
        at += strcspn(at, "\n");
        if (*at) *at++ = 0;
    }
    sl_link_words said = {.preset = words[0],
                          .delay = words[1],
                          .loss = words[2],
                          .order = words[3],
                          .outages = words[4],
                          .duplicate = (int)(n_bytes % 3) / 2.0,
                          .rate = (int)(n_bytes % 5)};
    sl_channel_def def;
    if (sl_channel_parse("links", &said, NULL, &def) != SL_OK) return 0;
    check_channel(&def);
    sl_channel_def_fini(&def);
    sl_link_rule rule = {.words = said, .agents = words[5], .blocks = words[6]};
    sl_links_def section = {.words = said, .rules = &rule, .n_rules = 1};
    make_team(&section);
    return 0;
}
