/* result.h - what one evaluation of a study came to, as it is kept in the study's store: a JSON object a record,
 * which is checked on reading. One owner; main thread only. */
#ifndef SL_STARLING_STUDY_RESULT_H
#define SL_STARLING_STUDY_RESULT_H

#include "links/team.h"

#include <jansson.h>
#include <stdbool.h>

typedef struct sl_study_result {
    int n_episodes;
    double *returns;       /* (E) of each episode, sl_env_return */
    uint8_t *won;          /* (E), or NULL: there is nothing to win */
    double length;         /* mean, in steps */
    sl_link_counts counts; /* of all episodes; zeros where nothing is linked */
    double seconds;        /* that it took */
} sl_study_result;

/* Room for E episodes, zeros. SL_MEMORY. */
SL_MUST_CHECK sl_status sl_study_result_create(int n_episodes, bool can_win, sl_study_result **out);
void sl_study_result_destroy(sl_study_result **self);

/* Of how many episodes the returns are the same, bit for bit; of as many. */
int sl_study_result_same(const sl_study_result *a, const sl_study_result *b);

/* {"key": key, "returns": [...], "won": "0110", "length": 17.2, "seconds": 1.5, "counts": {"sent": 96000, ...},
 * "observation_ages": {"3": 96000, "never": 12}, "action_ages": {...}}; NULL: memory is out. */
json_t *sl_study_result_encode(const sl_study_result *self, const char *key);
/* SL_CORRUPT: it is not such an object, or what it says cannot be; SL_MEMORY. */
SL_MUST_CHECK sl_status sl_study_result_decode(const json_t *object, sl_study_result **out);

#endif
