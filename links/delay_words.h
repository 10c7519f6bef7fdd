/* delay_words.h - from "normal 6 3 steps" to a delay. Any thread. */
#ifndef SL_LINKS_DELAY_WORDS_H
#define SL_LINKS_DELAY_WORDS_H

#include "links/channel.h"
#include "links/reader.h"

/* The reader stands at the beginning. out's arrays are the caller's to free. SL_CONFIG; SL_MEMORY; and those of a
 * trace's file: SL_NOT_FOUND, SL_IO. */
SL_MUST_CHECK sl_status sl_delay_parse(const sl_reader *reader, sl_delay *out);

#endif
