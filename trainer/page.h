/* page.h - what the trainer shows of itself over HTTP: /metrics for Prometheus and /fleet.json for starling top, from
 * numbers that the main thread tells after every update and while it waits for the coordinator. */
#ifndef SL_TRAINER_PAGE_H
#define SL_TRAINER_PAGE_H

#include "common/metric.h"
#include "net/link.h"
#include "trainer/metrics.h"

/* Of the stage at work; NaN: there is no such number. */
typedef struct sl_training_numbers {
    uint64_t updates, checkpoints;
    int64_t updates_wanted, policy_lag;
    double env_steps_per_second, flops_per_second, checkpoint_age;
} sl_training_numbers;
extern const sl_metric_table sl_training_metrics;

typedef struct sl_trainer_page sl_trainer_page;

/* Of the run and environment, which are copied; endpoint: of --metrics. As sl_page_server_open. */
SL_MUST_CHECK sl_status sl_trainer_page_open(const char *endpoint, const char *run, const char *env,
                                             sl_trainer_page **out);
void sl_trainer_page_close(sl_trainer_page **self); /* NULL-safe */
const char *sl_trainer_page_address(const sl_trainer_page *self);
/* Both do nothing when self is NULL, and neither allocates nor waits. The numbers of a stage after an update: columns
 * (n) of its row in the metrics file, as they are now; stage is borrowed for life. */
void sl_trainer_page_update(sl_trainer_page *self, const char *stage, const sl_training_numbers *numbers, int n,
                            const sl_metrics_column *columns);
/* Tells what there is, if it is time: at most four times a second. now_ns: sl_clock_ns. */
void sl_trainer_page_tell(sl_trainer_page *self, int64_t now_ns, double checkpoint_age, const sl_link_stats *link);

#endif
