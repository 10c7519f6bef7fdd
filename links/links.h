/* links.h - the links of a team: which channel carries what to whom, as an experiment's section `links:` says it and
 * as the simulation means it. sl_links_def is the section, texts and all; sl_links is what follows from it for one
 * team, read-only and shared by all threads. Executions (what a late message means): onboard  an agent senses on
 * board, and is told the blocks that others must tell it: each of those has a channel. Its action applies at once.
 *   remote   the whole observation comes over the link, the action goes back over it. The agent steps once for each
 *            observation that arrives, in the order of making. The teacher at the coordinator, executed centrally, is
 *            this too: its network reads each agent's row as it arrives.
 * A message made at step t with delay d is there in step floor(t + d). */
#ifndef SL_LINKS_LINKS_H
#define SL_LINKS_LINKS_H

#include "links/channel.h"

typedef enum sl_execution { SL_EXECUTION_ONBOARD, SL_EXECUTION_REMOTE } sl_execution; /* onboard | remote */
/* What acts where no action has come: the last one again | no-op | the last one for five steps, then no-op. */
typedef enum sl_fallback { SL_FALLBACK_HOLD, SL_FALLBACK_NOOP, SL_FALLBACK_DECAY } sl_fallback;
/* What acts in the run-th step without a new action, of which last was the newest; 0 is no-op. */
int32_t sl_fallback_act(sl_fallback fallback, int32_t last, int32_t run);
typedef enum sl_direction { SL_DIRECTION_BOTH, SL_DIRECTION_OBSERVATION, SL_DIRECTION_ACTION } sl_direction;
enum { SL_LINKS_DECAY = 5, SL_LINKS_MAX_RULES = 63, SL_LINKS_TEXT = 128 };
/* What is under way for more steps is lost; ages are counted up to it, and one entry more: never came. */
enum { SL_LINKS_HORIZON = 1024, SL_LINKS_AGES = SL_LINKS_HORIZON + 2 };

/* One channel's keys as they stand in the section; a text that is "" and a number that is NaN say nothing, and what
 * stands before (the preset, then the section, then earlier rules) counts. */
typedef struct sl_link_words {
    char *preset;  /* "rlrd-wifi"; a name of sl_links_preset; says everything, so that what stands before is gone */
    char *delay;   /* "fixed 3 steps", "normal 50 20 ms", "histogram 20:0.3 40:0.7 ms", "trace FILE ms" */
    char *loss;    /* "0.2", "gilbert-elliott P_BAD P_GOOD", "gilbert-elliott P_BAD P_GOOD LOSE_GOOD LOSE_BAD" */
    char *order;   /* fifo | reorder */
    char *outages; /* "10..20 40..45": steps, the end not among them */
    double duplicate, rate;
} sl_link_words;

typedef struct sl_link_rule {
    sl_link_words words;
    char *agents;           /* "0 2..4", both ends among them; "" = all */
    char *blocks;           /* "ally comm"; "" = every block that is told, and whole messages */
    sl_direction direction; /* both | observation | action */
} sl_link_rule;

typedef struct sl_links_def {
    sl_execution execution;
    sl_fallback fallback;
    bool teaches_stale; /* teacher: stale: stage 1 trains under the links, too; else fresh */
    sl_link_words words;
    sl_link_rule *rules; /* (n_rules), later ones override earlier ones */
    unsigned n_rules;
} sl_links_def;

/* What the links need to know of a team; blocks cover no more than the observation. Borrowed while it is created. */
typedef struct sl_links_block {
    const char *name;
    int begin, len;
    bool is_told; /* by others; else it is sensed on board */
} sl_links_block;
typedef struct sl_links_agent {
    int obs_dim, n_blocks;
    const sl_links_block *blocks;
} sl_links_agent;
typedef struct sl_links_team {
    int n_agents, obs_dim, n_actions, max_steps; /* N, O, A; the longest episode */
    double step_ms;                              /* fleet.hz, or the environment's own time */
    const sl_links_agent *agents;                /* (N) */
} sl_links_team;

/* A block of one agent that comes over a channel. */
typedef struct sl_linked_block {
    int begin, len;
    int age;   /* which of the agent's ages it is, counted over its told blocks; -1: a sensed block's is not shown */
    int place; /* of the agent's blocks, which names its stream */
    int channel; /* of sl_links.channels, which blocks and agents share */
} sl_linked_block;
typedef struct sl_linked_agent {
    int n_blocks; /* onboard; 0 = everything is fresh */
    sl_linked_block *blocks;
    int obs_dim, n_told;     /* ages an agent is shown: its told blocks, linked or not */
    int observation, action; /* remote: their channels */
} sl_linked_agent;

typedef struct sl_links {
    sl_execution execution;
    sl_fallback fallback;
    int N, O, A, max_steps;
    double step_ms;
    int n_channels;
    sl_channel_def *channels;
    sl_linked_agent *agents;  /* (N) */
    char text[SL_LINKS_TEXT]; /* for people: "rlrd-wifi", "normal 6 3 steps, loss 0.2", "none" */
} sl_links;

/* SL_CONFIG names the key ("links.delay", "links.rules[1].blocks"), the range and gives a hint: an unknown preset, a
 * number that is negative, NaN or out of range, a trace that is empty or not sorted (its first column is time), a
 * block or agent that the team lacks, an outage that ends before it starts, a delay that is always longer than the
 * episode, blocks in a rule under remote. SL_NOT_FOUND, SL_IO: a trace's file. SL_MEMORY. */
SL_MUST_CHECK sl_status sl_links_create(const sl_links_def *def, const sl_links_team *team, sl_links **out);
void sl_links_destroy(sl_links **self);
/* Nothing is late or lost, whatever the execution: no channel does anything. */
bool sl_links_is_none(const sl_links *self);
void sl_links_def_fini(sl_links_def *def); /* frees its texts and rules */

/* Presets by name, with the figures of their source. NULL: there is none of that index. */
typedef struct sl_link_preset {
    const char *name, *summary, *source;
    const char *delay, *loss, *order; /* in the words of a section */
} sl_link_preset;
const sl_link_preset *sl_links_preset(int index);
const sl_link_preset *sl_links_find_preset(const char *name);
/* A channel from words alone, for what has no team: `starling links`, net/transport_sim. base: what words that say
 * nothing leave as it is; NULL = ideal. where: the key before them in errors ("links", "links.rules[2]"). */
SL_MUST_CHECK sl_status sl_channel_parse(const char *where, const sl_link_words *words, const sl_channel_def *base,
                                         sl_channel_def *out);
void sl_channel_def_fini(sl_channel_def *def);

#endif
