/* trust.h - whether a student may fly on a device that trusts a key (--trust): it is signed with that key, it is what
 * was signed, and its version is not below the highest that this device has flown of that key, which is kept in the
 * cache. Nothing of a student is looked into before that is known. By the agent's one thread. */
#ifndef SL_AGENT_TRUST_H
#define SL_AGENT_TRUST_H

#include "storage/minisign.h"
#include "storage/sidecar.h"

#include <stdbool.h>

typedef struct sl_trust {
    sl_minisign_public key;
    char id[SL_MINISIGN_ID];
    char memory[SL_SIDECAR_PATH]; /* the file that keeps the highest version: cache/trust-<id> */
    char what[64];                /* of the signature taken last, for error lines */
    sl_minisign_signature signature;
    int64_t version;
} sl_trust;

/* The public key in the file; cache is made when it is not there. Also when the memory is damaged: SL_CORRUPT. What
 * sl_minisign_load_public and sl_file_make_folder say. */
SL_MUST_CHECK sl_status sl_trust_open(const char *key_file, const char *cache, sl_trust *out);
/* Takes a signature file's text, n = 0: there is none, of what. SL_MISMATCH: not signed, with another key, or older;
 * SL_CORRUPT: malformed, or its comment was changed. */
SL_MUST_CHECK sl_status sl_trust_take(sl_trust *self, const char *what, const void *text, size_t n);
/* Whether the signature taken last is of the bytes with that hash: SL_CORRUPT. */
SL_MUST_CHECK sl_status sl_trust_check(const sl_trust *self, const uint8_t hash[SL_MINISIGN_HASH]);
/* Remembers its version, before what it signs is flown, which must be this slot's agent: SL_MISMATCH. Also
 * SL_MISMATCH: another agent of this device has flown a newer one meanwhile; SL_IO, SL_NO_SPACE: it cannot be kept.
 */
SL_MUST_CHECK sl_status sl_trust_accept(sl_trust *self, int agent, int slot);

#endif
