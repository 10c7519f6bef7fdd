/* link_words.h - the channels that `starling links info` and `sample` look at: a preset's, the words of flags, or
 * those of a file's section. main thread only. */
#ifndef SL_STARLING_COMMANDS_LINK_WORDS_H
#define SL_STARLING_COMMANDS_LINK_WORDS_H

#include "links/links.h"
#include "starling/run/options.h"

#include <jansson.h>

/* NULL = not given. */
typedef struct sl_link_flags {
    const char *delay, *loss;
} sl_link_flags;
#define SL_LINK_OPTIONS(flags)                                                                                       \
    {"delay", SL_OPTION_TEXT, "WORDS", "'normal 6 3 steps', ...: instead of NAME's", &(flags)->delay, 0, 0}, {       \
        "loss", SL_OPTION_TEXT, "WORDS", "0.2, 'gilbert-elliott 0.1 0.3': the same", &(flags)->loss, 0, 0            \
    }

typedef struct sl_named_channel {
    char of[32];                  /* "links", "links.rules[1]" */
    const sl_link_preset *preset; /* NULL = it is none, or not it alone */
    sl_link_words words;          /* borrowed from argv, presets or the section */
    sl_channel_def def;
} sl_named_channel;

typedef struct sl_named_channels {
    const char *name; /* as in argv; "" = flags alone */
    sl_links_def section;
    int n;
    sl_named_channel channels[1 + SL_LINKS_MAX_RULES];
} sl_named_channels;

/* name: a preset or a file, or NULL where flags say all. *out is for sl_named_channels_destroy. SL_USAGE: no such
 * preset, bad words of flags, or nothing is named; and those of the file. */
SL_MUST_CHECK sl_status sl_named_channels_create(const char *name, const sl_link_flags *flags,
                                                 sl_named_channels **out);
void sl_named_channels_destroy(sl_named_channels **self);
/* Its words, one a line, and what they come from. */
void sl_named_channels_print(const sl_named_channels *self);
json_t *sl_named_channel_json(const sl_named_channel *self);

#endif
