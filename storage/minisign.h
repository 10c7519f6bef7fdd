/* minisign.h - Ed25519 keys and signatures in the files of the program minisign, over libsodium. Readers take
 * untrusted text: every length and character is checked, and nothing longer than the bounds below is looked at. Any
 * thread.
 *
 * A signature is of the BLAKE2b-512 hash of the bytes (algorithm "ED"), and a second one, the global one, of the
 * first and the trusted comment. The older kind of the bytes themselves ("Ed") is refused: a signed hash, or a
 * signature with its comment, could be passed off as such a file. */
#ifndef SL_STORAGE_MINISIGN_H
#define SL_STORAGE_MINISIGN_H

#include "common/status.h"

#include <stddef.h>
#include <stdint.h>

enum {
    SL_MINISIGN_BYTES = 2048,  /* of any of these files, at most */
    SL_MINISIGN_COMMENT = 512, /* of a trusted comment, with the zero */
    SL_MINISIGN_ID = 17,       /* of a key's id as text, 16 digits */
    SL_MINISIGN_HASH = 64
};

typedef struct sl_minisign_public {
    uint8_t id[8], key[32];
} sl_minisign_public;

typedef struct sl_minisign_secret {
    uint8_t id[8], key[64];
} sl_minisign_secret;

typedef struct sl_minisign_signature {
    uint8_t id[8]; /* of the key that is said to have made it */
    uint8_t signature[64], global[64];
    char comment[SL_MINISIGN_COMMENT]; /* trusted once it is verified; printable, or tabs */
} sl_minisign_signature;

/* A new pair with a random id. SL_IO: libsodium cannot start. */
SL_MUST_CHECK sl_status sl_minisign_make(sl_minisign_public *public_key, sl_minisign_secret *secret_key);
/* "801E8DA32735402A", as minisign prints it. */
void sl_minisign_name(const uint8_t id[8], char text[SL_MINISIGN_ID]);

/* The files' text; its length is returned. text has room for SL_MINISIGN_BYTES. */
size_t sl_minisign_write_public(const sl_minisign_public *key, char *text);
size_t sl_minisign_write_secret(const sl_minisign_secret *key, char *text); /* not encrypted */
/* Text into a key or signature; what names the thing in error lines. SL_CORRUPT; SL_MISMATCH: well-formed, but of an
 * algorithm that is not taken, or an encrypted secret key. */
SL_MUST_CHECK sl_status sl_minisign_read_public(const char *what, const void *text, size_t n,
                                                sl_minisign_public *out);
/* Also refused when its two halves, or its checksum, do not belong together. */
SL_MUST_CHECK sl_status sl_minisign_read_secret(const char *what, const void *text, size_t n,
                                                sl_minisign_secret *out);
SL_MUST_CHECK sl_status sl_minisign_read_signature(const char *what, const void *text, size_t n,
                                                   sl_minisign_signature *out);
/* The same from files; of a secret key also what sl_secret_file_read says. */
SL_MUST_CHECK sl_status sl_minisign_load_public(const char *path, sl_minisign_public *out);
SL_MUST_CHECK sl_status sl_minisign_load_secret(const char *path, sl_minisign_secret *out);

/* What is signed of bytes. */
void sl_minisign_hash(const void *bytes, size_t n_bytes, uint8_t hash[SL_MINISIGN_HASH]);
/* Signs a hash; the signature file's text, its length is returned. comment: printable, shorter than
 * SL_MINISIGN_COMMENT. */
size_t sl_minisign_sign(const sl_minisign_secret *key, const uint8_t hash[SL_MINISIGN_HASH], const char *comment,
                        char *text);
/* SL_MISMATCH: of another key, by its id; SL_CORRUPT: this key did not sign the comment (verify_comment), or the
 * bytes with that hash (verify_hash; only what both take is whole). */
SL_MUST_CHECK sl_status sl_minisign_verify_comment(const char *what, const sl_minisign_public *key,
                                                   const sl_minisign_signature *signature);
SL_MUST_CHECK sl_status sl_minisign_verify_hash(const char *what, const sl_minisign_public *key,
                                                const sl_minisign_signature *signature,
                                                const uint8_t hash[SL_MINISIGN_HASH]);

#endif
