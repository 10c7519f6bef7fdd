/* store.h - the evaluations that a study has made, in points.log of its folder: a framed log (storage/framed.h) whose
 * records are appended one by one, so that a full disk or kill -9 loses at most the one at work. An evaluation's key
 * says all that it depends on; what was asked with another seed, other episodes or other models is simply not found.
 * One study works in a folder at a time. One owner; main thread only. */
#ifndef SL_STARLING_STUDY_STORE_H
#define SL_STARLING_STUDY_STORE_H

#include "starling/study/result.h"

enum { SL_STUDY_KEY = 65 };

typedef struct sl_study_store sl_study_store;

/* Makes the folder, or goes on in it; fresh: forgets what is kept there. SL_USAGE: the folder holds something else;
 * SL_CORRUPT: the log is damaged; SL_IO: also when another study works there. */
SL_MUST_CHECK sl_status sl_study_store_open(const char *folder, bool fresh, sl_study_store **out);
void sl_study_store_close(sl_study_store **self);
/* The result kept under a key, or NULL; borrowed for the life of self. */
const sl_study_result *sl_study_store_find(const sl_study_store *self, const char *key);
/* Keeps a result, whose ownership passes also on failure; an earlier one of the key is forgotten. SL_NO_SPACE, SL_IO:
 * what was kept before still is; SL_MEMORY. */
SL_MUST_CHECK sl_status sl_study_store_add(sl_study_store *self, const char *key, sl_study_result **result);

#endif
