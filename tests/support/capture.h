/* capture.h - what the process writes on stderr, its log above all, read back as text. One capture at a time, of less
 * than a pipe holds (64 KiB). One thread. */
#ifndef SL_TESTS_SUPPORT_CAPTURE_H
#define SL_TESTS_SUPPORT_CAPTURE_H

#include <stddef.h>

void sl_capture_begin(void);
/* What was written since, cut off at size - 1; returns its length. No assertion may fail in between. */
size_t sl_capture_end(char *text, size_t size);

#endif
