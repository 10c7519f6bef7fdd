/* impl.h - the table of an experiment's keys, and its three users: the YAML side (libcyaml), the values
 * (text to struct and back, ranges) and the hints. Private to experiment/ and its tests. */
#ifndef SL_EXPERIMENT_IMPL_H
#define SL_EXPERIMENT_IMPL_H

#include "experiment/experiment.h"

enum { SL_EXP_MAX_KEYS = 128, SL_EXP_MAX_TEXT = 256 };

typedef enum sl_exp_kind {
    SL_EXP_TEXT,   /* char * */
    SL_EXP_INT,    /* int */
    SL_EXP_I64,    /* int64_t */
    SL_EXP_U64,    /* uint64_t */
    SL_EXP_REAL,   /* double */
    SL_EXP_BOOL,   /* bool: true | false */
    SL_EXP_CHOICE, /* an enum, by word */
    SL_EXP_LIST    /* students, or a student's blocks */
} sl_exp_kind;

typedef struct sl_exp_key {
    const char *path; /* "distill.tau"; a section's keys stand together in the table */
    sl_exp_kind kind;
    size_t offset;        /* into sl_experiment or sl_exp_student */
    const char *standard; /* the default, as it would stand in YAML; NULL: there is none */
    const char *range;    /* numbers: an interval, "(0, 1]"; choices: the words in the enum's order, "relu tanh" */
} sl_exp_key;

typedef struct sl_exp_table {
    const sl_exp_key *keys;
    int n_keys;
} sl_exp_table;

const sl_exp_table *sl_exp_top(void);           /* keys of the experiment; the environments' options among them */
extern const sl_exp_table sl_exp_student_table; /* keys of one entry of students */

/* A mapping of the file as the texts of its scalars, before they are values: texts[i] belongs to keys[i] and is NULL
 * when the file does not have the key. That is how a default is told from an explicit zero. */
typedef struct sl_exp_raw {
    char *texts[SL_EXP_MAX_KEYS];
    void *list; /* sl_exp_raw[list_count] for the experiment, char *[list_count] for a student */
    unsigned list_count;
} sl_exp_raw;

/* YAML to texts: syntax, unknown and repeated keys, nesting. *out is NULL for an empty document. SL_CONFIG. */
SL_MUST_CHECK sl_status sl_exp_raw_read(const char *what, const char *text, size_t n_bytes, sl_exp_raw **out);
void sl_exp_raw_free(sl_exp_raw *raw); /* of sl_exp_raw_read */
/* Texts to YAML; text for sl_free. */
SL_MUST_CHECK sl_status sl_exp_raw_write(const sl_exp_raw *raw, char **text, size_t *n_bytes);

/* Reads text into the field of key in base; what and path are for the error line. A TEXT field's old value is freed.
 * SL_CONFIG, SL_MEMORY. */
SL_MUST_CHECK sl_status sl_exp_value_read(const char *what, const char *path, const sl_exp_key *key, const char *text,
                                          void *base);
/* The field's value as text that reads back as the same. */
void sl_exp_value_write(const sl_exp_key *key, const void *base, char text[SL_EXP_MAX_TEXT]);

/* "unknown key 'path'" with the nearest known key as hint. path may hold "students[3]". */
sl_status sl_exp_unknown_key(const char *what, const char *path);

#endif
