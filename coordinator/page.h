/* page.h - what the coordinator shows of itself over HTTP: /metrics for Prometheus, /fleet.json for starling top. Its
 * numbers are copied from the work's thread a few times a second; the page's own thread writes them out. */
#ifndef SL_COORDINATOR_PAGE_H
#define SL_COORDINATOR_PAGE_H

#include "fleet/fleet.h"
#include "net/link.h"

/* Of its work, and the expert buffer: 0 while there is none. */
typedef struct sl_coordinator_numbers {
    uint64_t requests, buffer_inserted, buffer_sampled;
    int64_t busy, work_done, work_size, buffer_episodes, buffer_bytes;
} sl_coordinator_numbers;
extern const sl_metric_table sl_coordinator_metrics;

/* What is told at one moment. */
typedef struct sl_page_news {
    sl_coordinator_numbers numbers;
    const char *work;      /* "fly"; "idle" */
    sl_link_stats learn;   /* of the learn link */
    const sl_fleet *fleet; /* NULL: there is none */
} sl_page_news;

typedef struct sl_coordinator_page_def {
    const char *endpoint;  /* of --metrics */
    const char *run, *env; /* what is coordinated; copied */
    int n_slots;
} sl_coordinator_page_def;

typedef struct sl_coordinator_page sl_coordinator_page;

/* As sl_page_server_open. */
SL_MUST_CHECK sl_status sl_coordinator_page_open(const sl_coordinator_page_def *def, sl_coordinator_page **out);
void sl_coordinator_page_close(sl_coordinator_page **self);
const char *sl_coordinator_page_address(const sl_coordinator_page *self); /* "127.0.0.1:9464" */
/* Whether it is time to tell: at most four times a second. */
bool sl_coordinator_page_is_due(const sl_coordinator_page *self, int64_t now_ns);
/* Copies; allocates nothing and waits for nobody. now_ns: sl_clock_ns. */
void sl_coordinator_page_tell(sl_coordinator_page *self, int64_t now_ns, const sl_page_news *news);

#endif
