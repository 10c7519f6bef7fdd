/* keyring.h - the keys of one program, from its flags to its links: its own secret certificate, the folder of those
 * who may connect to it, and whether it may do without on a network. Both of a coordinator's links have the same
 * keyring. main thread, at the start; a keyring is then read only and outlives its links. */
#ifndef SL_NET_KEYRING_H
#define SL_NET_KEYRING_H

#include "net/certificate.h"
#include "net/link.h"

enum { SL_KEYRING_PATH = 1024 };

/* Values of --key FILE, --allow DIR, --server-key FILE, --insecure; NULL: not given. */
typedef struct sl_key_flags {
    const char *key, *allow, *server_key;
    bool insecure;
} sl_key_flags;

typedef struct sl_keyring {
    bool has_key, insecure;
    sl_certificate own;          /* when has_key */
    char allow[SL_KEYRING_PATH]; /* "": serves nobody */
} sl_keyring;

/* Reads the files that the flags name; without --key an empty keyring. SL_USAGE: flags that do not go together; else
 * as sl_certificate_load_secret, and SL_NOT_FOUND for a folder that is not there. */
SL_MUST_CHECK sl_status sl_keyring_load(const sl_key_flags *flags, sl_keyring *out);
/* Gives link its keys, if there are any. SL_MISMATCH: the key is another program's. SL_USAGE, with what to do: its
 * endpoint reaches beyond this machine and there is neither a key nor --insecure; keys that cannot serve (no --allow)
 * or connect (no server key). */
SL_MUST_CHECK sl_status sl_keyring_protect(const sl_keyring *self, bool serves, sl_link_def *link);

/* For who starts programs with the keys of a folder that `starling keys new` made. NAME's secret file, which has to
 * be there: SL_NOT_FOUND. Names: "trainer", "coordinator", "agent-0", ... */
SL_MUST_CHECK sl_status sl_keyring_file(const char *folder, const char *name, char path[SL_KEYRING_PATH]);
/* The folder of the allowed, for --allow. SL_NOT_FOUND, SL_USAGE (path too long). */
SL_MUST_CHECK sl_status sl_keyring_allowed(const char *folder, char path[SL_KEYRING_PATH]);
/* The keyring of `starling --keys DIR | --insecure` itself, which serves the learn link in the trainer's place;
 * folder NULL: an empty one. */
SL_MUST_CHECK sl_status sl_keyring_load_folder(const char *folder, bool insecure, sl_keyring *out);

#endif
