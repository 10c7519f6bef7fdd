/* nearest.h - "did you mean": the known name that is closest to a mistyped one. Any thread. */
#ifndef SL_COMMON_NEAREST_H
#define SL_COMMON_NEAREST_H

/* The name within a third of word's length (at least two edits) that takes the fewest edits, the first of equals; or
 * NULL. names[i] must stay valid as long as the result is used. */
const char *sl_nearest_name(const char *word, int n_names, const char *const *names);

#endif
