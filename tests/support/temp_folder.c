/* temp_folder.c - mkdtemp, and nftw to remove. */
#define _XOPEN_SOURCE 700
#include "support/temp_folder.h"

#include "common/assert.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

sl_temp_folder sl_temp_folder_create(void) {
    sl_temp_folder folder;
    const char *base = getenv("TMPDIR");
    int n = snprintf(folder.path, sizeof folder.path, "%s/starling-test-XXXXXX", base && *base ? base : "/tmp");
    SL_ASSERT(n > 0 && (size_t)n < sizeof folder.path);
    SL_ASSERT(mkdtemp(folder.path));
    return folder;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *where) {
    (void)info;
    (void)where;
    return kind == FTW_DP ? rmdir(path) : unlink(path);
}

void sl_temp_folder_remove(const sl_temp_folder *self) {
    // depth first, and links are removed rather than followed
    SL_ASSERT(nftw(self->path, remove_entry, 8, FTW_DEPTH | FTW_PHYS) == 0);
}

const char *sl_temp_folder_file(const sl_temp_folder *self, const char *name) {
    static char paths[4][SL_TEMP_PATH + 128];
    static unsigned next;
    char *path = paths[next++ % 4];
    int n = snprintf(path, sizeof paths[0], "%s/%s", self->path, name);
    SL_ASSERT(n > 0 && (size_t)n < sizeof paths[0]);
    return path;
}

const char *sl_temp_folder_write(const sl_temp_folder *self, const char *name, const void *bytes, size_t n_bytes) {
    const char *path = sl_temp_folder_file(self, name);
    // a new file each time: some file systems flush one that is cut to nothing and written again
    (void)unlink(path);
    FILE *file = fopen(path, "wb");
    SL_ASSERT(file);
    SL_ASSERT(fwrite(bytes, 1, n_bytes, file) == n_bytes);
    SL_ASSERT(fclose(file) == 0);
    return path;
}

const char *sl_temp_folder_write_text(const sl_temp_folder *self, const char *name, const char *text) {
    return sl_temp_folder_write(self, name, text, strlen(text));
}
