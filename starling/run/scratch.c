/* scratch.c - see scratch.h. */
#define _XOPEN_SOURCE 700 /* nftw */
#include "starling/run/scratch.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sl_status make_folder(sl_scratch *self) {
    const char *base = getenv("TMPDIR");
    int n = snprintf(self->folder, sizeof self->folder, "%s/starling-XXXXXX", base && *base ? base : "/tmp");
    if (n > 0 && n < (int)sizeof self->folder && mkdtemp(self->folder)) return SL_OK;
    self->folder[0] = '\0';
    return sl_fail(SL_IO, "set TMPDIR", "cannot make a folder for the benchmark: %s", strerror(errno));
}

sl_status sl_scratch_create(const sl_experiment *experiment, sl_scratch *out) {
    sl_scratch scratch;
    char path[SL_RUN_PATH];
    SL_TRY(make_folder(&scratch));
    sl_status status = sl_run_path(scratch.folder, "experiment.yaml", path);
    if (status == SL_OK && experiment) status = sl_experiment_save(experiment, path);
    if (status != SL_OK)
        sl_scratch_remove(&scratch);
    else
        *out = scratch;
    return status;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *place) {
    (void)info;
    (void)kind;
    (void)place;
    return remove(path);
}

void sl_scratch_remove(sl_scratch *self) {
    if (self->folder[0]) (void)nftw(self->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    self->folder[0] = '\0';
}
