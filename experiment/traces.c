/* traces.c - the files of delays that an experiment names, from the folder of the file that names them. */
#include "experiment/impl.h"

#include "common/alloc.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// "trace FILE ms" to the same with an absolute FILE
static sl_status settle(const char *path, char **delay) {
    static const char word[] = "trace ";
    const char *slash = strrchr(path, '/'), *file = *delay;
    if (!file || strncmp(file, word, strlen(word)) != 0) return SL_OK;
    file += strlen(word);
    file += strspn(file, " ");
    // without a unit behind it there is no file; what no file is called is refused where it is read
    if (*file == '/' || !strchr(file, ' ') || strlen(file) >= PATH_MAX) return SL_OK;
    char folder[PATH_MAX], real[PATH_MAX];
    (void)snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
    if (!realpath(folder, real))
        return sl_fail(SL_IO, NULL, "cannot find the folder of %s: %s", path, strerror(errno));
    size_t n = strlen(word) + strlen(real) + 1 + strlen(file) + 1;
    char *text = sl_alloc(n);
    if (!text) return sl_fail(SL_MEMORY, NULL, "cannot allocate memory for %s", path);
    (void)snprintf(text, n, "%s%s/%s", word, real, file);
    sl_free(*delay);
    *delay = text;
    return SL_OK;
}

sl_status sl_exp_settle_traces(const char *path, sl_links_def *links) {
    SL_TRY(settle(path, &links->words.delay));
    for (unsigned r = 0; r < links->n_rules; r++) SL_TRY(settle(path, &links->rules[r].words.delay));
    return SL_OK;
}
