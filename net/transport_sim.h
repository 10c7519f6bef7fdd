/* transport_sim.h - the simulated backend: one sl_sim is the network; its transports are made with serve and connect
 * on endpoints "sim://name" after sl_sim_install on this thread. receive and wait advance the virtual clock instead
 * of waiting. One thread plays all ends. */
#ifndef SL_NET_TRANSPORT_SIM_H
#define SL_NET_TRANSPORT_SIM_H

#include "net/transport_backend.h"

typedef struct sl_sim sl_sim;
typedef struct sl_sim_def {
    uint64_t seed;
    int64_t delay_min_ns, delay_max_ns; /* uniform per message; reordering follows */
    double loss, duplicate;             /* probabilities, each of a whole message */
} sl_sim_def;
typedef void (*sl_sim_handler)(void *context);

SL_MUST_CHECK sl_status sl_sim_create(const sl_sim_def *def, sl_sim **out);
void sl_sim_destroy(sl_sim **self);
void sl_sim_install(sl_sim *self); /* NULL uninstalls; per thread */
int64_t sl_sim_now_ns(const sl_sim *self);
/* Calls handler for each message that arrives at the transport opened last, and every wake_ns, from within the
 * receive or wait of another transport: so one thread plays all ends. The handler may receive with timeout 0, send,
 * and close. */
void sl_sim_attach(sl_sim *self, int64_t wake_ns, sl_sim_handler handler, void *context);
/* As sl_transport_serve and sl_transport_connect, which call it. A client's messages carry the key of its link; there
 * is no handshake that refuses one, and a server with keys rereads its list by the virtual clock. */
SL_MUST_CHECK sl_status sl_sim_open(const sl_link_def *link, bool serves, sl_transport **out);

#endif
