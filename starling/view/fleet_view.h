/* fleet_view.h - what a program tells on its page /fleet.json as a table for a terminal. A pure function of what it
 * is given, which may be anything: no byte of it reaches the terminal but printed ASCII. Any thread. */
#ifndef SL_STARLING_VIEW_FLEET_VIEW_H
#define SL_STARLING_VIEW_FLEET_VIEW_H

#include "starling/view/view.h"

#include <jansson.h>

/* page: the object, NULL = there is none. where: its endpoint; trouble: why there is no newer one, NULL = there is.
 * Writes rows - 1 lines at most of columns characters at most, each with its line_end, and a zero into text
 * (SL_VIEW_BYTES); rows 0: as many as there are. Returns the length. */
size_t sl_fleet_view_render(const json_t *page, const char *where, const char *trouble, const sl_view_size *size,
                            char text[static SL_VIEW_BYTES]);

#endif
