/* trust.c - see trust.h. */
#include "agent/trust.h"

#include "storage/file.h"
#include "storage/version_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* the highest version that was flown, 0: none yet */
static sl_status recall_version(const sl_trust *self, int64_t *version) {
    *version = 0;
    sl_status status = sl_version_file_read(self->memory, self->id, version);
    return status == SL_NOT_FOUND ? SL_OK : status;
}

sl_status sl_trust_open(const char *key_file, const char *cache, sl_trust *out) {
    sl_trust self = {.version = 0};
    int64_t version;
    SL_TRY(sl_minisign_load_public(key_file, &self.key));
    sl_minisign_name(self.key.id, self.id);
    SL_TRY(sl_file_make_folder(cache));
    int n = snprintf(self.memory, sizeof self.memory, "%s/trust-%s", cache, self.id);
    if (n < 0 || (size_t)n >= sizeof self.memory) return sl_fail(SL_USAGE, NULL, "--cache: the path is too long");
    SL_TRY(recall_version(&self, &version));
    *out = self;
    return SL_OK;
}

sl_status sl_trust_take(sl_trust *self, const char *what, const void *text, size_t n) {
    int64_t newest;
    self->version = 0;
    (void)snprintf(self->what, sizeof self->what, "%s", what);
    if (n == 0)
        return sl_fail(SL_MISMATCH, "'starling keys sign' signs students; their signatures come with them",
                       "%s: it is not signed, and only what key %s signed is flown", self->what, self->id);
    SL_TRY(sl_minisign_read_signature(self->what, text, n, &self->signature));
    SL_TRY(sl_minisign_verify_comment(self->what, &self->key, &self->signature));
    SL_TRY(sl_sidecar_version(self->what, &self->signature, &self->version));
    SL_TRY(recall_version(self, &newest));
    if (self->version < newest)
        return sl_fail(SL_MISMATCH, "sign it anew if it is to be flown again",
                       "%s: version %" PRId64 " is older than %" PRId64 ", which this device has flown", self->what,
                       self->version, newest);
    return SL_OK;
}

sl_status sl_trust_check(const sl_trust *self, const uint8_t hash[SL_MINISIGN_HASH]) {
    return sl_minisign_verify_hash(self->what, &self->key, &self->signature, hash);
}

sl_status sl_trust_accept(sl_trust *self, int agent, int slot) {
    if (agent != slot) return sl_fail(SL_MISMATCH, NULL, "%s: it is the student of agent %d", self->what, agent);
    return sl_version_file_raise(self->memory, self->id, &self->version);
}
