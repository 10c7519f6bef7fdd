/* snapshot.h - the coordinator's state as bytes: a cursor that counts, writes or reads. Each part lists its arrays
 * once, in one function, for all three, so that saving and restoring cannot drift apart. */
#ifndef SL_ROLLOUT_SNAPSHOT_H
#define SL_ROLLOUT_SNAPSHOT_H

#include "common/status.h"
#include "envs/env.h"
#include "envs/mask.h"
#include "links/team.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SL_SNAPSHOT_VERSION = 1 };

typedef enum sl_cursor_mode { SL_CURSOR_COUNT, SL_CURSOR_WRITE, SL_CURSOR_READ } sl_cursor_mode;

typedef struct sl_cursor {
    sl_cursor_mode mode;
    uint8_t *bytes;       /* WRITE */
    const uint8_t *input; /* READ */
    size_t at, n_bytes;
    bool short_of_bytes; /* READ: there were fewer bytes than items; what was not read is left as it was */
} sl_cursor;

/* Counts, writes or reads n bytes of data. */
void sl_cursor_item(sl_cursor *self, void *data, size_t n);
/* A number that must be the same when read: version, size. SL_MISMATCH names what. */
SL_MUST_CHECK sl_status sl_cursor_expect(sl_cursor *self, uint64_t value, const char *what);
/* READ: the bytes are used up, and there were enough. SL_CORRUPT. */
SL_MUST_CHECK sl_status sl_cursor_finish(const sl_cursor *self);
/* All copies of an environment, all masks, all that is under way. */
SL_MUST_CHECK sl_status sl_cursor_env(sl_cursor *self, sl_env *env);
SL_MUST_CHECK sl_status sl_cursor_mask(sl_cursor *self, sl_mask *mask);
SL_MUST_CHECK sl_status sl_cursor_links(sl_cursor *self, sl_link_team *team);

#endif
