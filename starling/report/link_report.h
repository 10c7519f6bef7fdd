/* link_report.h - what links did to a policy that was evaluated or flown: ages of what it decided on and of what was
 * applied, misses and divergence, as JSON and in a few lines. main thread only. */
#ifndef SL_STARLING_REPORT_LINK_REPORT_H
#define SL_STARLING_REPORT_LINK_REPORT_H

#include "links/links.h"
#include "starling/run/evaluation.h"

#include <jansson.h>
#include <stdio.h>

const char *sl_execution_name(sl_execution execution); /* "onboard" */
/* Sets links and, where they are not none (NULL), execution; and of what was counted, by them or by a realtime clock,
 * step_ms, ages, misses and divergence (docs/cli.md). Ages are in steps; null: there is none, or it never came. */
void sl_link_report_set(const sl_links *links, const sl_evaluation *results, json_t *object, bool *failed);
/* The same for people, wrapped; nothing where nothing is late. */
void sl_link_report_print(FILE *file, const sl_links *links, const sl_evaluation *results);

#endif
