/* allow_list.h - whose keys may connect: the public certificates of a folder, reread when its files change. Two
 * threads share a list. One, the guard's, refreshes it and looks keys up (find); the other, the transport's owner,
 * takes up what was read last (take) and looks up in that (look_up) without waiting for anybody. */
#ifndef SL_NET_ALLOW_LIST_H
#define SL_NET_ALLOW_LIST_H

#include "net/certificate.h"

enum { SL_ALLOW_MAX = 4096 };

/* One who may connect. */
typedef struct sl_allowed {
    char key[SL_KEY_TEXT]; /* public, Z85 */
    char name[SL_KEY_NAME];
    sl_role role;
    sl_slot_set slots;
} sl_allowed;

typedef struct sl_allow_list sl_allow_list;

/* Reads the folder's files that end in .key and do not begin with a dot; an entry's name is its file's. Strict: what
 * is no public certificate with a role, or a second one of the same key, is SL_CORRUPT or SL_MISMATCH. SL_NOT_FOUND,
 * SL_FULL (more than SL_ALLOW_MAX), SL_MEMORY, SL_IO. */
SL_MUST_CHECK sl_status sl_allow_list_open(const char *folder, sl_allow_list **out);
void sl_allow_list_close(sl_allow_list **self); /* when no other thread uses it */

/* The refreshing thread. Looks whether the files changed and reads them anew; a file that is broken now allows
 * nobody, which is told once; a folder that is gone neither. What cannot be read for a passing reason leaves all as
 * it was. */
void sl_allow_list_refresh(sl_allow_list *self);
/* NULL: not allowed. Borrowed until the next refresh. */
const sl_allowed *sl_allow_list_find(const sl_allow_list *self, const char *key);

/* The other thread. True: what was read anew holds from now on. */
bool sl_allow_list_take(sl_allow_list *self);
/* NULL: not allowed. Borrowed until the next take. */
const sl_allowed *sl_allow_list_look_up(const sl_allow_list *self, const char *key);

#endif
