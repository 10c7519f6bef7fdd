/* page_server.c - see page_server.h. */
#include "telemetry/page_server.h"

#include "common/alloc.h"
#include "common/program.h"
#include "net/page_socket.h"

#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { FILES = 8, BACKLOG = 64, CONNECTION_BYTES = 16 * 1024, NICE = 10 };

struct sl_page_server {
    sl_page_server_def def;
    struct MHD_Daemon *daemon;
    sl_page_text text;
    bool nice; /* of its thread alone */
    char address[SL_ENDPOINT_BYTES];
};

// a short answer that is no page
static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned code, const char *text) {
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);
    if (!response) return MHD_NO;
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain; charset=utf-8");
    if (code == MHD_HTTP_METHOD_NOT_ALLOWED) (void)MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET");
    enum MHD_Result result = MHD_queue_response(connection, code, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result show(sl_page_server *self, struct MHD_Connection *connection, const sl_page *page) {
    self->text.n = 0;
    self->text.cut = false;
    page->render(self->def.context, &self->text);
    if (self->text.cut) return refuse(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "the page is too long\n");
    struct MHD_Response *response =
        MHD_create_response_from_buffer(self->text.n, self->text.bytes, MHD_RESPMEM_MUST_COPY);
    if (!response) return MHD_NO;
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, page->type);
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    enum MHD_Result result = MHD_queue_response(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *path, const char *method,
                              const char *version, const char *body, size_t *n_body, void **request) {
    (void)version, (void)body, (void)n_body, (void)request;
    sl_page_server *self = context;
    // Linux sets the calling thread's alone
    if (!self->nice) (void)setpriority(PRIO_PROCESS, 0, NICE);
    self->nice = true;
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0)
        return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET is answered\n");
    for (int i = 0; i < self->def.n; i++)
        if (strcmp(path, self->def.pages[i].path) == 0) return show(self, connection, &self->def.pages[i]);
    char text[256];
    int n = snprintf(text, sizeof text, "there is no such page, but these:\n");
    for (int i = 0; i < self->def.n && n > 0 && (size_t)n < sizeof text; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, "%s\n", self->def.pages[i].path);
    return refuse(connection, MHD_HTTP_NOT_FOUND, text);
}

// the program's signals are its main thread's
static sl_status start(sl_page_server *self, int fd) {
    sigset_t all, before;
    sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    self->daemon =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, handle, self, MHD_OPTION_LISTEN_SOCKET, fd,
                         MHD_OPTION_CONNECTION_LIMIT, (unsigned)SL_PAGE_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
                         (unsigned)SL_PAGE_TIMEOUT_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                         (size_t)CONNECTION_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (self->daemon) return SL_OK;
    (void)close(fd);
    return sl_fail(SL_IO, NULL, "cannot start the server of metrics: %s", strerror(errno));
}

sl_status sl_page_server_open(const sl_page_server_def *def, sl_page_server **out) {
    char endpoint[SL_ENDPOINT_BYTES];
    int fd = -1;
    SL_TRY(sl_page_endpoint(def->endpoint, true, endpoint));
    SL_TRY(sl_program_need_files(SL_PAGE_CONNECTIONS + FILES));
    SL_TRY(sl_program_need_threads(1));
    sl_page_server *self = sl_alloc(sizeof *self);
    if (!self) return sl_fail(SL_MEMORY, NULL, "no memory for a page of metrics");
    self->def = *def;
    self->text = (sl_page_text){.bytes = sl_alloc(def->capacity), .capacity = def->capacity};
    sl_status status = self->text.bytes ? SL_OK : sl_fail(SL_MEMORY, NULL, "no memory for a page of metrics");
    if (status == SL_OK) status = sl_page_listen(endpoint, BACKLOG, &fd, self->address);
    if (status == SL_OK) status = start(self, fd);
    if (status != SL_OK) {
        sl_page_server_close(&self);
        return status;
    }
    *out = self;
    return SL_OK;
}

void sl_page_server_close(sl_page_server **self_pointer) {
    sl_page_server *self = *self_pointer;
    if (!self) return;
    if (self->daemon) MHD_stop_daemon(self->daemon);
    sl_free(self->text.bytes);
    sl_free(self);
    *self_pointer = NULL;
}

const char *sl_page_server_address(const sl_page_server *self) {
    return self->address;
}
