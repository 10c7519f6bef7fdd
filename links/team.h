/* team.h - V copies of a team under its links: what is under way, what has arrived, what each agent knows by now. The
 * one meaning of a late message: roll-outs, evaluations and flights on the virtual clock all go through here. A
 * copy's fates follow from the stream that its episode began with: each channel has its own, split by agent,
 * direction and block, and draws once a message, so that whoever plays the episode sees the same. Nothing is
 * allocated after create; distinct copies may be worked on by distinct threads. Shapes as in envs/env.h; P = the
 * width of what is seen: without ages O, with ages the longest obs_dim + n_told, an agent's ages behind its own
 * features.
 *
 * A step, onboard: show. Remote: send; then deliver, and act for those that got something, until nothing is
 * delivered; then apply. */
#ifndef SL_LINKS_TEAM_H
#define SL_LINKS_TEAM_H

#include "common/metric.h"
#include "links/links.h"

typedef struct sl_link_team sl_link_team;

/* An age in steps as an agent is shown it: times this. A block that never came is as old as the episode and one step.
 */
#define SL_LINKS_AGE_UNIT 0.1f

/* links is borrowed for life; where they are none, everything is fresh and the ages are 0. SL_MEMORY. */
SL_MUST_CHECK sl_status sl_link_team_create(const sl_links *links, int V, bool shows_ages, sl_link_team **out);
void sl_link_team_destroy(sl_link_team **self);
/* A new episode of copy v: nothing is under way, the last action is no-op. */
void sl_link_team_begin(sl_link_team *self, int v, const sl_rng *stream);

/* onboard: the step's observations (V, N, O) of copies [begin, end) are made and sent, and what has arrived is shown:
 * seen (V, N, P). The step ends. */
void sl_link_team_show(sl_link_team *self, int begin, int end, const float *obs, float *seen);

/* remote: the step's observations, and what is legal (avail (V, N, A), or NULL), leave for the agents. */
void sl_link_team_send(sl_link_team *self, int begin, int end, const float *obs, const uint8_t *avail);
/* The next observation that has arrived by this step, for each agent that has one: seen (V, N, P) and shown (V, N, A;
 * NULL with avail) of those rows are written, active (V, N) says which. A message older than one that was delivered
 * is skipped. false: nobody got one. */
bool sl_link_team_deliver(sl_link_team *self, int begin, int end, float *seen, uint8_t *shown, uint8_t *active);
/* The agents that are active answered: their actions (V, N) leave, at the moment at which the observation arrived, or
 * when the step begins if that was earlier. */
void sl_link_team_act(sl_link_team *self, int begin, int end, const uint8_t *active, const int32_t *actions);
/* What is applied: the newest-made action that has arrived, else the fallback; applied (V, N) may be the actions
 * given to act. The step ends. */
void sl_link_team_apply(sl_link_team *self, int begin, int end, int32_t *applied);

/* Counted over all copies since the last clear, in steps. Ages: of what an agent decided on (onboard: each linked
 * block each step; remote: each observation delivered), and of each applied action (now minus the step whose
 * observation it answers). The last entry of an age histogram: never came. */
typedef struct sl_link_counts {
    uint64_t sent, lost, duplicated, skipped; /* messages; skipped: older than one delivered before, or for nobody */
    uint64_t decisions;                       /* agent-steps */
    uint64_t misses;              /* agent-steps in which nothing newer had come: a block onboard, an action remote */
    uint64_t longest_run;         /* of misses of one agent (onboard: of one block), in steps */
    uint64_t fallbacks;           /* actions of the fallback */
    uint64_t divergent, compared; /* decisions that the delay changed, of how many; counted by who evaluates */
    uint64_t observation_ages[SL_LINKS_AGES], action_ages[SL_LINKS_AGES];
} sl_link_counts;
extern const sl_metric_table sl_link_count_metrics; /* of the single numbers; net/link.h has those of sockets */

/* Adds copies [begin, end), or sets them to nothing. */
void sl_link_team_count(const sl_link_team *self, int begin, int end, sl_link_counts *out);
void sl_link_team_clear(sl_link_team *self, int begin, int end);
/* The share of looks that found nothing newer: of linked blocks each step onboard, of actions each step remote. NaN:
 * there were none. */
double sl_link_miss_rate(const sl_link_counts *counts);
/* The p-quantile of a histogram of ages; NaN: it is empty; INFINITY: it is among those that never came. */
double sl_link_age_percentile(const uint64_t ages[SL_LINKS_AGES], double p);

/* For snapshots: streams, what is under way, what is held, of all copies. */
size_t sl_link_team_state_bytes(const sl_link_team *self);
void sl_link_team_save(const sl_link_team *self, uint8_t *bytes);
SL_MUST_CHECK sl_status sl_link_team_load(sl_link_team *self, const uint8_t *bytes, size_t n_bytes);

#endif
