/* plan.h - the points of a study of latency: which executions under which links. A point is one evaluation; its links
 * travel as the text of a section `links:`, "" for none. Points that ask for the same share one evaluation. Plain
 * data; any thread. Fixed delays 0 to 12 steps (but for the quarters below 1), 6 +- 3 and 9 +- 3 steps are those of
 * Rainbow Delay Compensation (NeurIPS 2025), whose random delays are whole numbers uniform in [3, 9] and [6, 12], and
 * overtake one another. */
#ifndef SL_STARLING_STUDY_PLAN_H
#define SL_STARLING_STUDY_PLAN_H

#include "common/status.h"

#include <stdbool.h>

/* Who acts, and what comes over the links. */
typedef enum sl_study_execution {
    SL_STUDY_ONBOARD, /* students: what others tell them */
    SL_STUDY_REMOTE,  /* students: the whole observation, and back the action */
    SL_STUDY_CENTRAL, /* the teacher: all observations, and back all actions */
    SL_STUDY_FRESH,   /* the teacher: nothing */
    SL_STUDY_EXECUTIONS
} sl_study_execution;

typedef enum sl_study_sweep {
    SL_STUDY_DELAY,   /* x: steps, fixed */
    SL_STUDY_JITTER,  /* x: the mean in steps */
    SL_STUDY_PRESETS, /* x: 0, 1, ... */
    SL_STUDY_LOSS,    /* x: percent of the messages, independently */
    SL_STUDY_DEAD,    /* x: of how many agents, the first ones, the links lose everything */
    SL_STUDY_SWEEPS,
    SL_STUDY_NONE = SL_STUDY_SWEEPS /* of SL_STUDY_FRESH */
} sl_study_sweep;

const char *sl_study_execution_name(sl_study_execution which);  /* "onboard" */
const char *sl_study_execution_label(sl_study_execution which); /* "students on board" */
const char *sl_study_sweep_name(sl_study_sweep which);          /* "delay", ...; "none" */

enum { SL_STUDY_MAX_DELAYS = 64, SL_STUDY_SETTING = 32, SL_STUDY_LINKS = 192, SL_STUDY_MAX_DEAD = 9 };

/* What is asked for; the same of every run. */
typedef struct sl_study_choice {
    bool executions[SL_STUDY_EXECUTIONS], sweeps[SL_STUDY_SWEEPS];
    int n_delays;
    double delays[SL_STUDY_MAX_DELAYS]; /* steps, ascending */
} sl_study_choice;

typedef struct sl_study_point {
    sl_study_execution execution;
    sl_study_sweep sweep;
    double x;
    char setting[SL_STUDY_SETTING]; /* "3", "6 +- 3", "4g", "20 %", "1 of 3" */
    char links[SL_STUDY_LINKS];
} sl_study_point;

/* "0..12", "0,3,6" or both, "0..4,8,12": whole numbers or decimals, in any order, twice is once. NULL: 0..12 and
 * the quarters below 1. SL_USAGE: not a number, negative, or more than SL_STUDY_MAX_DELAYS. */
SL_MUST_CHECK sl_status sl_study_parse_delays(const char *text, sl_study_choice *choice);
/* "delay,loss"; NULL: all. SL_USAGE: an unknown one, with the names as the hint. */
SL_MUST_CHECK sl_status sl_study_parse_sweeps(const char *text, sl_study_choice *choice);
SL_MUST_CHECK sl_status sl_study_parse_executions(const char *text, sl_study_choice *choice);

/* What the plan needs to know of a run. */
typedef struct sl_study_team {
    int n_agents, max_steps;
    bool has_students, has_teacher; /* else the executions by them are left out */
} sl_study_team;

/* The points of a run, execution by execution and sweep by sweep, for sl_free. SL_USAGE: a fixed delay as long as an
 * episode (with default_delays those are left out instead); SL_MEMORY. */
SL_MUST_CHECK sl_status sl_study_plan(const sl_study_choice *choice, const sl_study_team *team, bool default_delays,
                                      sl_study_point **out, int *n);

#endif
