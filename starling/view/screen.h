/* screen.h - where frames are shown: on a terminal each in the place of the one before, with the cursor hidden until
 * the end, else one after the other as plain text. Colours on a terminal, unless NO_COLOR is set. One screen at a
 * time; one thread. */
#ifndef SL_STARLING_VIEW_SCREEN_H
#define SL_STARLING_VIEW_SCREEN_H

#include "common/status.h"
#include "starling/view/view.h"

typedef struct sl_screen sl_screen;

/* On stdout. SL_MEMORY. */
SL_MUST_CHECK sl_status sl_screen_open(sl_screen **out);
/* Gives the terminal back with the last frame on it; NULL-safe. */
void sl_screen_close(sl_screen **self);
/* Sizes itself to the terminal as it is now. SL_IO: stdout is gone. */
SL_MUST_CHECK sl_status sl_screen_show(sl_screen *self, const sl_view_frame *frame);
/* For what is no frame: the size of the terminal as it is now, where its text is to be written (SL_VIEW_BYTES), and
 * showing n bytes of that. */
const sl_view_size *sl_screen_size(sl_screen *self);
char *sl_screen_text(sl_screen *self);
SL_MUST_CHECK sl_status sl_screen_show_text(sl_screen *self, size_t n);

#endif
