/* report.h - report.json of a run: what every policy scored, what it costs, whether the flight equalled the
 * in-process evaluation. Everything that the seed decides stands at the top; wall-clock numbers only under "timing".
 * Also the final table. main thread only. */
#ifndef SL_STARLING_REPORT_REPORT_H
#define SL_STARLING_REPORT_REPORT_H

#include "starling/run/evaluation.h"
#include "starling/run/run.h"

#include <jansson.h>

typedef enum sl_scored {
    SL_SCORED_RANDOM,
    SL_SCORED_HEURISTIC,
    SL_SCORED_TEACHER,
    SL_SCORED_STUDENTS,
    SL_SCORED_FLEET,
    SL_SCORED_KINDS
} sl_scored;
const char *sl_scored_name(sl_scored which); /* "random", ..., "fleet" */

/* What the numbers are computed from; entries without episodes (n_episodes 0) were not evaluated. */
typedef struct sl_scores {
    sl_evaluation results[SL_SCORED_KINDS];
} sl_scores;
void sl_scores_fini(sl_scores *self);

/* Mean return of an episode (sl_env_return), with its 95 % half-width over episodes. */
typedef struct sl_score {
    double mean, ci95, sd, min, max, length;
    double win_rate, win_low, win_high; /* the share won with Wilson's 95 % interval; win_rate < 0: not known */
} sl_score;
/* ci95 and sd are NaN for one episode. SL_MEMORY. */
SL_MUST_CHECK sl_status sl_score_of(const sl_env_spec *spec, const sl_evaluation *results, sl_score *out);
/* "return -23.69 ± 0.60 (95% CI, 1000 episodes, seed 1), won 98.0% [97.0, 98.7]": what one line says of it. */
enum { SL_SCORE_TEXT = 192 };
const char *sl_score_text(const sl_score *score, int n_episodes, uint64_t seed, char text[SL_SCORE_TEXT]);
/* Sets win_rate and win_rate_ci95 of the object, where the win rate is known. */
void sl_score_set_wins(const sl_score *score, json_t *object, bool *failed);
/* Milliseconds of an environment step of a flight, and how many steps a second; all 0 when there was none. */
typedef struct sl_step_times {
    double mean, p50, p99, per_second;
} sl_step_times;
SL_MUST_CHECK sl_status sl_step_times_of(const sl_evaluation *flight, sl_step_times *out); /* SL_MEMORY */
/* Episodes of the flight whose returns differ from the students' in-process evaluation, agent by agent, bit for bit.
 */
int sl_flight_differs(const sl_evaluation *students, const sl_evaluation *flight);

/* The report; timing (as of sl_run_progress_timing) and restarts may be NULL. *out is for json_decref. */
SL_MUST_CHECK sl_status sl_report_make(const sl_run *run, const sl_scores *scores, json_t *timing, json_t *restarts,
                                       double seconds, json_t **out);
SL_MUST_CHECK sl_status sl_report_save(const json_t *report, const char *path);
/* Reads folder/report.json and checks the fields that readers rely on. SL_NOT_FOUND, SL_CORRUPT (also: the
 * manifest names other files than there are), SL_MISMATCH. */
SL_MUST_CHECK sl_status sl_report_load(const char *folder, json_t **out);
/* The final table of a run on stdout. */
SL_MUST_CHECK sl_status sl_report_print(const json_t *report);

#endif
