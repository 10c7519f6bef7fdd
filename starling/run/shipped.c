/* shipped.c - see shipped.h. */
#include "starling/run/shipped.h"

#include "common/program.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

// PREFIX/share/starling of the PREFIX/bin/starling that runs
static bool share(char folder[SL_PROGRAM_BYTES]) {
    static const char below[] = "/share/starling";
    if (!sl_program_self(folder)) return false;
    for (int i = 0; i < 2; i++) {
        char *slash = strrchr(folder, '/');
        if (!slash) return false;
        *slash = '\0';
    }
    size_t n = strlen(folder);
    if (n + sizeof below > SL_PROGRAM_BYTES) return false;
    memcpy(folder + n, below, sizeof below);
    return access(folder, X_OK) == 0;
}

static bool take(const char *folder, const char *between, const char *text, const char *end, char path[SL_RUN_PATH]) {
    char candidate[SL_RUN_PATH];
    int n = snprintf(candidate, sizeof candidate, "%s/%s%s%s", folder, between, text, end);
    if (n >= SL_RUN_PATH || access(candidate, F_OK) != 0) return false;
    memcpy(path, candidate, (size_t)n + 1);
    return true;
}

sl_status sl_shipped_find(const char *what, const char *text, char path[SL_RUN_PATH]) {
    char folder[SL_PROGRAM_BYTES], between[32];
    if (strlen(text) >= SL_RUN_PATH) return sl_fail(SL_USAGE, NULL, "the path '%.60s...' is too long", text);
    memcpy(path, text, strlen(text) + 1);
    // what has a slash or a dot in front is meant to be there
    if (!text[0] || text[0] == '/' || text[0] == '.' || access(text, F_OK) == 0 || !share(folder)) return SL_OK;
    (void)snprintf(between, sizeof between, "%s/", what);
    for (int i = 0; i < 4; i++)
        if (take(folder, i & 1 ? between : "", text, i & 2 ? ".yaml" : "", path)) break;
    return SL_OK;
}

const char *sl_shipped_hint(const char *what, const char *hint, char buffer[SL_SHIPPED_HINT]) {
    char folder[SL_PROGRAM_BYTES];
    if (!share(folder)) return hint;
    int n = snprintf(buffer, SL_SHIPPED_HINT, "%s; those that are installed are in %s/%s", hint, folder, what);
    return n < SL_SHIPPED_HINT ? buffer : hint;
}
