/* top.c - starling top: the fleet live in a terminal, from the page of its coordinator. */
#include "starling/commands/command.h"
#include "starling/run/interrupt.h"
#include "starling/run/options.h"
#include "starling/run/output.h"
#include "starling/view/fleet_view.h"
#include "starling/view/screen.h"

#include "common/alloc.h"
#include "common/clock.h"
#include "net/http_get.h"
#include "net/page_socket.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { PAGE_BYTES = 4 << 20, TIMEOUT_MS = 3000, EVERY_MS = 1000 };
static const char path_of_page[] = "/fleet.json";

typedef struct top {
    char endpoint[SL_ENDPOINT_BYTES];
    const char *where; /* the same for people */
    char *bytes;       /* (PAGE_BYTES) of the page */
    json_t *page;      /* the newest; NULL: none came yet */
    char trouble[256]; /* why there is none newer; "" */
    sl_screen *screen;
    struct termios before;
    bool reads_keys; /* the terminal's own line editing is off */
} top;

// the newest page instead of the one before, which stays when there is none
static sl_status fetch(top *self) {
    size_t n = 0;
    json_error_t error;
    SL_TRY(sl_http_get(self->endpoint, path_of_page, TIMEOUT_MS, self->bytes, PAGE_BYTES, &n));
    json_t *page = json_loadb(self->bytes, n, 0, &error);
    if (!json_is_object(page)) {
        json_decref(page);
        return sl_fail(SL_CORRUPT, "is it a Starling with --metrics?", "the page of %s is no JSON object",
                       self->where);
    }
    json_decref(self->page);
    self->page = page;
    return SL_OK;
}

static sl_status show(const top *self) {
    return sl_screen_show_text(self->screen,
                               sl_fleet_view_render(self->page, self->where, self->trouble[0] ? self->trouble : NULL,
                                                    sl_screen_size(self->screen), sl_screen_text(self->screen)));
}

// ------------------------------------------------------------------------------------------------------- the loop

static void wake(int number) {
    (void)number;
}

// keys come one by one and are not echoed; Ctrl-C stays a signal. A resized terminal cuts the wait short
static void begin_keys(top *self) {
    struct sigaction action = {.sa_handler = wake};
    struct termios raw;
    sigemptyset(&action.sa_mask);
    (void)sigaction(SIGWINCH, &action, NULL);
    if (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1 || tcgetattr(STDIN_FILENO, &raw) != 0) return;
    self->before = raw;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    self->reads_keys = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

static void end_keys(const top *self) {
    if (self->reads_keys) (void)tcsetattr(STDIN_FILENO, TCSANOW, &self->before);
}

// until then, or a key, or the terminal's new size; *quit: it was q
static sl_status wait_for_key(const top *self, int64_t until_ns, bool *quit) {
    int64_t left_ns = until_ns - sl_clock_ns();
    struct pollfd keys = {.fd = self->reads_keys ? STDIN_FILENO : -1, .events = POLLIN};
    char key = 0;
    int n = poll(&keys, 1, left_ns > 0 ? (int)(left_ns / 1000000) + 1 : 0);
    if (n > 0 && (read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 'Q')) *quit = true;
    return sl_interrupt_check();
}

static sl_status refresh(top *self) {
    sl_status status = fetch(self);
    if (status == SL_INTERRUPTED) return status;
    self->trouble[0] = '\0';
    if (status != SL_OK) (void)snprintf(self->trouble, sizeof self->trouble, "%.200s; trying again", sl_error_what());
    return SL_OK;
}

static sl_status watch(top *self) {
    bool quit = false;
    while (!quit) {
        int64_t until_ns = sl_clock_ns() + (int64_t)EVERY_MS * 1000000;
        SL_TRY(refresh(self));
        SL_TRY(sl_interrupt_check());
        SL_TRY(show(self));
        while (!quit && sl_clock_ns() < until_ns) {
            SL_TRY(wait_for_key(self, until_ns, &quit));
            if (!quit && self->reads_keys) SL_TRY(show(self));
        }
    }
    return SL_OK;
}

// ----------------------------------------------------------------------------------------------------- the command

static sl_status run(top *self, bool once, bool json) {
    self->bytes = sl_alloc(PAGE_BYTES);
    if (!self->bytes) return sl_fail(SL_MEMORY, NULL, "no memory for a page");
    sl_interrupt_watch();
    if (once || json) SL_TRY(fetch(self));
    if (json) return sl_json_print(json_incref(self->page), false);
    SL_TRY(sl_screen_open(&self->screen));
    if (once) {
        char *text = sl_alloc(SL_VIEW_BYTES);
        if (!text) return sl_fail(SL_MEMORY, NULL, "no memory for a page");
        sl_view_size size = *sl_screen_size(self->screen);
        size.rows = 0;
        size.line_end = "\n";
        (void)fwrite(text, 1, sl_fleet_view_render(self->page, self->where, NULL, &size, text), stdout);
        sl_free(text);
        return SL_OK;
    }
    begin_keys(self);
    sl_status status = watch(self);
    end_keys(self);
    return status;
}

sl_status sl_cmd_top(const char *path, int argc, char **argv) {
    bool once = false, json = false;
    const sl_option options[] = {
        {"once", SL_OPTION_SWITCH, NULL, "print the table once and end", &once, 0, 0},
        {"json", SL_OPTION_SWITCH, NULL, "print the page's JSON object once and end", &json, 0, 0},
    };
    static const char text[] =
        "Shows a fleet live: its slots, who flies them and how they fare, once a second until q or Ctrl-C. ENDPOINT "
        "is "
        "that of --metrics of its coordinator, or of a trainer: HOST:PORT, 127.0.0.1:9464 without it or the "
        "environment's STARLING_METRICS.";
    sl_usage usage = {path, "[ENDPOINT]", text, 0, 1, 2, options};
    sl_args args;
    SL_TRY(sl_options_parse(&usage, argc, argv, &args));
    if (args.done) return SL_OK;
    const char *standard = getenv("STARLING_METRICS");
    const char *endpoint = args.n > 0 ? args.v[0] : standard && *standard ? standard : "127.0.0.1";
    top self = {.bytes = NULL};
    SL_TRY(sl_page_endpoint(endpoint, false, self.endpoint));
    self.where = self.endpoint + strlen("tcp://");
    sl_status status = run(&self, once, json);
    sl_screen_close(&self.screen);
    json_decref(self.page);
    sl_free(self.bytes);
    return status;
}
