/* certificate.h - a pair of CURVE keys with what is known of its owner, as a ZPL file that other ZeroMQ programs read
 * too. Keys are in Z85: 40 characters for 32 bytes. A public file (NAME.key) goes into the folder of those who are
 * allowed; a secret one (NAME.key_secret) stays with its owner and may hold the public key of whom it connects to.
 * Reading is strict: what is cut, doubled, out of place or of the wrong length is refused by name. Any thread. */
#ifndef SL_NET_CERTIFICATE_H
#define SL_NET_CERTIFICATE_H

#include "common/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SL_KEY_TEXT = 41, SL_KEY_NAME = 48, SL_SLOT_SET = 1024, SL_CERTIFICATE_BYTES = 4096 };

/* Whose key it is: who may connect to a link differs by it. */
typedef enum sl_role { SL_ROLE_NONE, SL_ROLE_AGENT, SL_ROLE_COORDINATOR, SL_ROLE_TRAINER, SL_ROLES } sl_role;

/* Slots 0 to SL_SLOT_SET - 1 of a fleet; all zero: none. */
typedef struct sl_slot_set {
    uint64_t words[SL_SLOT_SET / 64];
} sl_slot_set;

typedef struct sl_certificate {
    char name[SL_KEY_NAME];
    sl_role role;                 /* SL_ROLE_NONE: not said */
    sl_slot_set slots;            /* that an agent may hold */
    char public_key[SL_KEY_TEXT]; /* always */
    char secret_key[SL_KEY_TEXT]; /* "": a public certificate */
    char server_key[SL_KEY_TEXT]; /* of whom its owner connects to; "": not said */
} sl_certificate;

const char *sl_role_name(sl_role role); /* "agent" */
/* "3", "0-2,5", "any", "" (none). SL_USAGE says what is wrong. */
SL_MUST_CHECK sl_status sl_slot_set_parse(const char *text, sl_slot_set *out);
/* The same way; cut with "..." where it does not fit. */
void sl_slot_set_print(const sl_slot_set *self, size_t size, char *text);
bool sl_slot_set_has(const sl_slot_set *self, int slot);

/* A name is 1 to 47 of A-Z a-z 0-9 . _ -, the first a letter or a digit. SL_USAGE. */
SL_MUST_CHECK sl_status sl_key_name_check(const char *name);
/* A new pair. SL_USAGE: the name. SL_NETWORK: libzmq was built without CURVE. */
SL_MUST_CHECK sl_status sl_certificate_create(const char *name, sl_role role, sl_certificate *out);
/* The file's text. secret: with the secret and the server's key, else the public key alone. */
void sl_certificate_print(const sl_certificate *self, bool secret, char text[SL_CERTIFICATE_BYTES]);
/* From a file's text; path is for the error line, and its name for a certificate that has none. SL_CORRUPT names path
 * and line; also when the public key is not that of the secret one. */
SL_MUST_CHECK sl_status sl_certificate_parse(const char *path, const char *text, size_t n_bytes, sl_certificate *out);
/* SL_NOT_FOUND, SL_CORRUPT, SL_IO; SL_MISMATCH: a secret file has no secret key, or others can write it; a public one
 * has a secret key, which is not read any further. A secret file that others can read is warned of. */
SL_MUST_CHECK sl_status sl_certificate_load_secret(const char *path, sl_certificate *out);
SL_MUST_CHECK sl_status sl_certificate_load_public(const char *path, sl_certificate *out);

#endif
