/* family.c - see family.h; the table is in families.c. */
#include "envs/family.h"

#include <stddef.h>
#include <string.h>

const sl_env_family *sl_env_family_of(const char *name) {
    for (int f = 0; sl_env_families[f]; f++) {
        if (strncmp(name, sl_env_families[f]->prefix, strlen(sl_env_families[f]->prefix)) == 0) {
            return sl_env_families[f];
        }
    }
    return NULL;
}
