/* temp_folder.h - a fresh folder for a test's files. One thread. */
#ifndef SL_TESTS_SUPPORT_TEMP_FOLDER_H
#define SL_TESTS_SUPPORT_TEMP_FOLDER_H

#include <stddef.h>

enum { SL_TEMP_PATH = 256 };

typedef struct sl_temp_folder {
    char path[SL_TEMP_PATH];
} sl_temp_folder;

/* Makes an empty folder below $TMPDIR or /tmp; fails the running test when it cannot. */
sl_temp_folder sl_temp_folder_create(void);
void sl_temp_folder_remove(const sl_temp_folder *self); /* with all it holds */
/* "<folder>/<name>" in static storage, valid until four calls later. */
const char *sl_temp_folder_file(const sl_temp_folder *self, const char *name);
/* Writes a file anew and returns its path, as above. */
const char *sl_temp_folder_write(const sl_temp_folder *self, const char *name, const void *bytes, size_t n_bytes);
const char *sl_temp_folder_write_text(const sl_temp_folder *self, const char *name, const char *text);

#endif
