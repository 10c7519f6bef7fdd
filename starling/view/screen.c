/* screen.c - see screen.h. */
#include "starling/view/screen.h"

#include "common/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct sl_screen {
    bool terminal, begun;
    sl_view_size size;
    char text[SL_VIEW_BYTES];
};

#define HIDE_CURSOR          "\x1b[?25l"
#define SHOW_CURSOR          "\x1b[?25h"
#define CLEAR                "\x1b[2J"
#define HOME                 "\x1b[H"
#define CLEAR_LINE_AND_BREAK "\x1b[K\n"
#define CLEAR_BELOW          "\x1b[J"

sl_status sl_screen_open(sl_screen **out) {
    sl_screen *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "no memory for a screen");
    const char *no_colour = getenv("NO_COLOR");
    self->terminal = isatty(STDOUT_FILENO) == 1;
    self->size = (sl_view_size){.columns = 80, .rows = 24};
    self->size.colour = self->terminal && !(no_colour && no_colour[0]);
    self->size.line_end = self->terminal ? CLEAR_LINE_AND_BREAK : "\n";
    *out = self;
    return SL_OK;
}

void sl_screen_close(sl_screen **self) {
    if (!*self) return;
    if ((*self)->terminal && (*self)->begun) {
        (void)fputs(SHOW_CURSOR, stdout);
        (void)fflush(stdout);
    }
    sl_free(*self);
    *self = NULL;
}

const sl_view_size *sl_screen_size(sl_screen *self) {
    struct winsize size;
    if (self->terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 && size.ws_row > 1) {
        self->size.columns = size.ws_col;
        self->size.rows = size.ws_row;
    }
    return &self->size;
}

char *sl_screen_text(sl_screen *self) {
    return self->text;
}

sl_status sl_screen_show_text(sl_screen *self, size_t n) {
    // what a signal cuts off behind the first frame is put right by close
    if (self->terminal) (void)fputs(self->begun ? HOME : HIDE_CURSOR CLEAR HOME, stdout);
    self->begun = true;
    bool failed = fwrite(self->text, 1, n, stdout) != n || fputs(self->terminal ? CLEAR_BELOW : "\n", stdout) == EOF;
    if (!failed && fflush(stdout) == 0) return SL_OK;
    return sl_fail(SL_IO, "disk full, or the reader of a pipe went away", "cannot show a frame on stdout");
}

sl_status sl_screen_show(sl_screen *self, const sl_view_frame *frame) {
    return sl_screen_show_text(self, sl_view_render(frame, sl_screen_size(self), self->text));
}
