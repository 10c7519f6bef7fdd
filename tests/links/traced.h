/* traced.h - delays of a test, message by message: a trace, and a seed whose stream begins at its first line.
 * Included after cmocka.h and team.h. */
#ifndef SL_TESTS_LINKS_TRACED_H
#define SL_TESTS_LINKS_TRACED_H

#include "links/team_impl.h"
#include "support/temp_folder.h"

#include <stdio.h>

/* Writes "trace FILE steps" of a file with n delays. */
static inline void traced_words(const sl_temp_folder *folder, const char *name, int n, const double *delays,
                                char words[400]) {
    char path[350];
    (void)snprintf(path, sizeof path, "%s/%s", folder->path, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < n; i++) (void)fprintf(file, "%d %.9g\n", i, delays[i]);
    (void)fclose(file);
    (void)snprintf(words, 400, "trace %s steps", path);
}

/* The first seed with which that line's trace begins at its first delay, and the other's, too (key 0: there is none).
 */
static inline uint64_t traced_seed(const sl_channel_def *def, uint64_t key, uint64_t other) {
    for (uint64_t seed = 1;; seed++) {
        sl_rng stream = sl_rng_seed(seed), own = sl_rng_split(&stream, key), second = sl_rng_split(&stream, other);
        sl_channel channel, beside;
        sl_channel_begin(def, &own, &channel);
        sl_channel_begin(def, &second, &beside);
        if (channel.next == 0 && (other == 0 || beside.next == 0)) return seed;
    }
}

#endif
