/* page_text.c - see page_text.h. */
#include "telemetry/page_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void sl_page_text_add(sl_page_text *self, const char *format, ...) {
    size_t room = self->capacity - self->n;
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(self->bytes + self->n, room, format, arguments);
    va_end(arguments);
    if (n >= 0 && (size_t)n < room) {
        self->n += (size_t)n;
        return;
    }
    self->bytes[self->n] = '\0';
    self->cut = true;
}

void sl_page_text_add_bytes(sl_page_text *self, const char *bytes, size_t n) {
    if (n >= self->capacity - self->n) {
        self->cut = true;
        return;
    }
    memcpy(self->bytes + self->n, bytes, n);
    self->n += n;
    self->bytes[self->n] = '\0';
}
