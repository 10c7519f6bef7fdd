/* page_text.h - a text that is put together in a buffer of fixed size: a page on its way out. What does not fit is
 * left out and the text marked as cut. One owner. */
#ifndef SL_TELEMETRY_PAGE_TEXT_H
#define SL_TELEMETRY_PAGE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

typedef struct sl_page_text {
    char *bytes; /* (capacity), the caller's; ends with a zero */
    size_t n, capacity;
    bool cut;
} sl_page_text;

/* Whole or not at all. */
void sl_page_text_add(sl_page_text *self, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sl_page_text_add_bytes(sl_page_text *self, const char *bytes, size_t n);

#endif
