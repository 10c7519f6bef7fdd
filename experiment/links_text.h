/* links_text.h - the section links of an experiment alone, as text and back: for `--links FILE`, and for requests
 * that name other links than the experiment's. Any thread. */
#ifndef SL_EXPERIMENT_LINKS_TEXT_H
#define SL_EXPERIMENT_LINKS_TEXT_H

#include "experiment/experiment.h"

/* Reads the section of a text by the rules of experiments; other sections may be there, or missing, and are only
 * checked for keys; an empty one is none. what names the text in error lines, and is the file in
 * whose folder traces are. *out is for sl_links_def_fini. SL_CONFIG: it has no such section, too; SL_MEMORY. load:
 * from a file; SL_NOT_FOUND, SL_IO. */
SL_MUST_CHECK sl_status sl_experiment_parse_links(const char *what, const char *text, size_t n_bytes,
                                                  sl_links_def *out);
SL_MUST_CHECK sl_status sl_experiment_load_links(const char *path, sl_links_def *out);
/* The section with every key of it, as sl_experiment_format gives the whole: it reads back as the same. Texts that
 * are NULL are "". SL_MEMORY. */
SL_MUST_CHECK sl_status sl_experiment_format_links(const sl_links_def *def, char **text, size_t *n_bytes);

#endif
