/* reader.h - reading texts of a section word by word. A reader stands before the next word of a text; refusals name
 * its key, "links.rules[1].delay". Any thread. */
#ifndef SL_LINKS_READER_H
#define SL_LINKS_READER_H

#include "common/status.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct sl_reader {
    const char *where, *key; /* "links.rules[1]", "delay" */
    const char *text, *at;   /* all of it; what is not read yet */
} sl_reader;

/* At the beginning of text; NULL is as "". */
sl_reader sl_reader_of(const char *where, const char *key, const char *text);
/* The next word: its length, *word = its place in the text, not ended by a zero. 0: there is none. */
size_t sl_reader_word(sl_reader *self, const char **word);
/* The word is that one. */
bool sl_word_is(const char *word, size_t n, const char *name);
/* The word is a number and nothing else, without "nan", "inf" and hexadecimal. */
bool sl_word_number(const char *word, size_t n, double *out);
/* "7" or, where that is allowed, "2..4"; whole numbers in [0, 1e9]. *end: 4, or the same as begin. */
bool sl_word_range(const char *word, size_t n, int *begin, int *end);
/* SL_CONFIG: key 'links.delay': 'fixed -1 ms': what is wrong. */
SL_MUST_CHECK sl_status sl_reader_refuse(const sl_reader *self, const char *hint, const char *what);

#endif
