/* impl.h - the table of an experiment's keys, and its three users: the YAML side (libcyaml), the values
 * (text to struct and back, ranges) and the hints. Private to experiment/ and its tests. */
#ifndef SL_EXPERIMENT_IMPL_H
#define SL_EXPERIMENT_IMPL_H

#include "experiment/experiment.h"

/* MAX_WORD: of any value but a delay, whose histogram has up to 1,000 bins */
enum { SL_EXP_MAX_KEYS = 128, SL_EXP_MAX_TEXT = 32768, SL_EXP_MAX_WORD = 256 };

typedef enum sl_exp_kind {
    SL_EXP_TEXT,   /* char * */
    SL_EXP_INT,    /* int */
    SL_EXP_I64,    /* int64_t */
    SL_EXP_U64,    /* uint64_t */
    SL_EXP_REAL,   /* double; with the default "", "" is NaN: it says nothing */
    SL_EXP_BOOL,   /* bool: true | false, or by the two words of its range, the one for false first */
    SL_EXP_CHOICE, /* an enum, by word */
    SL_EXP_WORDS,  /* a list of char *: names of blocks */
    SL_EXP_ENTRIES /* a list of structs, each a mapping with a table of its own */
} sl_exp_kind;

typedef struct sl_exp_table sl_exp_table;

typedef struct sl_exp_list {
    const sl_exp_table *table; /* ENTRIES: the keys of one */
    size_t count_offset;       /* of the unsigned beside the pointer */
    unsigned least, most;      /* entries, where the file has the list */
    bool repeats; /* a single entry stands for many: --set makes more as its copies; else it appends one at a time */
} sl_exp_list;

typedef struct sl_exp_key {
    const char *path; /* "distill.tau"; a section's keys stand together in the table */
    sl_exp_kind kind;
    size_t offset;           /* into the table's struct */
    const char *standard;    /* the default, as it would stand in YAML; NULL: there is none */
    const char *range;       /* numbers: an interval, "(0, 1]"; choices: the words in the enum's order, "relu tanh" */
    const sl_exp_list *list; /* WORDS, ENTRIES */
    bool is_later;           /* runs that are older do not have it: sl_experiment_format_identity */
} sl_exp_key;

struct sl_exp_table {
    const sl_exp_key *keys;
    int n_keys;
    size_t n_bytes; /* of the struct */
};

const sl_exp_table *sl_exp_top(void); /* keys of the experiment; the environments' options among them */

/* A mapping of the file as texts, before they are values: cells[i] belongs to keys[i] and is NULL when the file does
 * not have the key. That is how a default is told from an explicit zero. counts[i]: how long a list is. */
typedef struct sl_exp_raw sl_exp_raw;
typedef union sl_exp_cell {
    char *text;
    char **words;
    sl_exp_raw *entries;
} sl_exp_cell;
struct sl_exp_raw {
    sl_exp_cell cells[SL_EXP_MAX_KEYS];
    unsigned counts[SL_EXP_MAX_KEYS];
};

/* A struct by its table, zeroed before. defaults: of every key. fini: frees texts and lists. SL_MEMORY. */
SL_MUST_CHECK sl_status sl_exp_fields_default(const sl_exp_table *table, void *base);
void sl_exp_fields_fini(const sl_exp_table *table, void *base);
/* Takes what raw has of the keys below section ("links."; "" = all); what and prefix ("students[1].") are for error
 * lines. SL_CONFIG, SL_MEMORY. */
SL_MUST_CHECK sl_status sl_exp_fields_read(const char *what, const char *prefix, const char *section,
                                           const sl_exp_table *table, const sl_exp_raw *raw, void *base);
/* Takes "KEY=VALUE". SL_USAGE: without "="; SL_CONFIG, SL_MEMORY. */
SL_MUST_CHECK sl_status sl_exp_fields_set(const char *set, sl_experiment *self);
/* Makes the list of key count entries long; new ones are the defaults. SL_MEMORY. */
SL_MUST_CHECK sl_status sl_exp_fields_resize(const sl_exp_key *key, unsigned count, void *base);

/* YAML to texts: syntax, unknown and repeated keys, nesting. *out is NULL for an empty document. SL_CONFIG. */
SL_MUST_CHECK sl_status sl_exp_raw_read(const char *what, const char *text, size_t n_bytes, sl_exp_raw **out);
/* Whether the outermost mapping of a text that sl_exp_raw_read takes has that key, be it an empty section. */
SL_MUST_CHECK sl_status sl_exp_has_section(const char *what, const char *text, size_t n_bytes, const char *name,
                                           bool *out);
void sl_exp_raw_free(sl_exp_raw *raw); /* of sl_exp_raw_read */
/* Texts to YAML, of everything, of the section links alone or of all but that; text for sl_free. */
typedef enum sl_exp_part { SL_EXP_WHOLE, SL_EXP_LINKS, SL_EXP_BUT_LINKS, SL_EXP_PARTS } sl_exp_part;
SL_MUST_CHECK sl_status sl_exp_raw_write(const sl_exp_raw *raw, sl_exp_part part, char **text, size_t *n_bytes);

/* The experiment, or a part of it, as YAML; text for sl_free. */
SL_MUST_CHECK sl_status sl_exp_format(const sl_experiment *self, sl_exp_part part, char **text, size_t *n_bytes);
/* A whole file, bounded; text for sl_free. SL_NOT_FOUND, SL_IO, SL_CONFIG: it is too long. */
SL_MUST_CHECK sl_status sl_exp_read_file(const char *path, char **out, size_t *n_bytes);

/* Delays "trace FILE ms" whose FILE is not absolute: FILE is from the folder that path lies in ("x" = the current
 * one) and becomes absolute. SL_IO, SL_MEMORY. */
SL_MUST_CHECK sl_status sl_exp_settle_traces(const char *path, sl_links_def *links);

/* Reads text into the field of key in base; what and path are for the error line. A TEXT field's old value is freed.
 * SL_CONFIG, SL_MEMORY. */
SL_MUST_CHECK sl_status sl_exp_value_read(const char *what, const char *path, const sl_exp_key *key, const char *text,
                                          void *base);
/* The field's value as text that reads back as the same. */
void sl_exp_value_write(const sl_exp_key *key, const void *base, char text[SL_EXP_MAX_TEXT]);

const sl_exp_key *sl_exp_find_key(const sl_exp_table *table, const char *path); /* NULL: there is none */
/* "unknown key 'path'" with the nearest known key as hint. path may hold "students[3]". */
sl_status sl_exp_unknown_key(const char *what, const char *path);

#endif
