/* words.h - channels of tests from words. Included after cmocka.h. */
#ifndef SL_TESTS_LINKS_WORDS_H
#define SL_TESTS_LINKS_WORDS_H

#include "common/status.h"
#include "links/links.h"

/* The literals stay the caller's. */
static inline sl_channel_def channel_of(sl_link_words words) {
    sl_channel_def def;
    sl_status status = sl_channel_parse("links", &words, NULL, &def);
    if (status != SL_OK) print_message("%s\n", sl_error_what());
    assert_int_equal(status, SL_OK);
    return def;
}

#define WORDS(...) ((sl_link_words){__VA_ARGS__})

#endif
