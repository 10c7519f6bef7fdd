/* delay.h - the kinds of delay, one row each: how the words call it, how it is drawn, and its closed forms. For
 * channel.c and words.c; a new kind is a row here, and a value of sl_delay_kind. */
#ifndef SL_LINKS_DELAY_H
#define SL_LINKS_DELAY_H

#include "links/channel.h"

/* What stands between name and unit: a and b; "20:0.3 40:0.7"; a file's name. */
typedef enum sl_delay_form { SL_DELAY_NUMBERS, SL_DELAY_BINS, SL_DELAY_FILE } sl_delay_form;

typedef struct sl_delay_class {
    const char *name;       /* as the words begin: "lognormal" */
    const char *parameters; /* for people: "MEDIAN P99" */
    sl_delay_form form;
    int n_parameters;    /* NUMBERS: 1 = a, 2 = a and b */
    const char *refusal; /* what is_sound asks for: "P99 is at least MEDIAN, which is above 0"; NULL = anything */
    bool (*is_sound)(double a, double b); /* both are in [0, SL_DELAY_MOST] already; NULL with refusal */
    double (*draw)(const sl_delay *self, sl_rng *rng, int64_t *next);
    double (*mean)(const sl_delay *self);
    double (*percentile)(const sl_delay *self, double p);
    double (*most)(const sl_delay *self); /* no draw is longer; INFINITY = there is no such bound */
} sl_delay_class;

#define SL_DELAY_MOST 1e9

/* NULL: there is none of that index; by sl_delay_kind. */
const sl_delay_class *sl_delay_class_of(int kind);

#endif
