/* transport_sim.h - the simulated backend: one sl_sim is the network; its transports are made with serve and connect
 * on endpoints "sim://name" after sl_sim_install on this thread. receive and wait advance the virtual clock instead
 * of waiting. One thread plays all ends. */
#ifndef SL_NET_TRANSPORT_SIM_H
#define SL_NET_TRANSPORT_SIM_H

#include "links/channel.h"
#include "net/transport_backend.h"

typedef struct sl_sim sl_sim;
typedef struct sl_sim_def {
    uint64_t seed;
    /* Each client has two channels, with streams of their own. Times, a step too, are in ms. {0}: nothing is late or
     * lost. Arrays are borrowed for the network's life. */
    sl_channel_def to_server, to_clients;
} sl_sim_def;
/* An initializer of one: delays spread evenly over [least, most] ms, so that messages overtake one another. */
#define SL_SIM_CHANNEL(least_ms, most_ms, p_lost, p_twice)                                                           \
    {                                                                                                                \
        .delay = {.kind = SL_DELAY_UNIFORM, .a = (least_ms), .b = (most_ms)}, .loss = {.lose_good = (p_lost)},       \
        .duplicate = (p_twice), .reorders = true                                                                     \
    }
/* The same in both directions. */
#define SL_SIM_DEF(number, least_ms, most_ms, p_lost, p_twice)                                                       \
    {                                                                                                                \
        .seed = (number), .to_server = SL_SIM_CHANNEL(least_ms, most_ms, p_lost, p_twice),                           \
        .to_clients = SL_SIM_CHANNEL(least_ms, most_ms, p_lost, p_twice)                                             \
    }
typedef void (*sl_sim_handler)(void *context);

/* Who sees all that passes between members, which are known by their ids. Neither function may send, receive, open or
 * close. NULL: not told. */
typedef struct sl_sim_wire {
    void *context;
    /* A message leaves, a server's also to one who has left. false: it is lost, as between members that cannot reach
     * each other. */
    bool (*leaves)(void *context, uint32_t from, uint32_t to, int n_frames, const sl_frame *frames);
    /* A message is received, and its owner will act on it now. */
    void (*arrives)(void *context, uint32_t from, uint32_t to, int n_frames, const sl_frame *frames);
} sl_sim_wire;

SL_MUST_CHECK sl_status sl_sim_create(const sl_sim_def *def, sl_sim **out);
void sl_sim_destroy(sl_sim **self);
void sl_sim_install(sl_sim *self); /* NULL uninstalls; per thread */
int64_t sl_sim_now_ns(const sl_sim *self);
/* What is sent from now on fares by another def; its seed counts for nothing. */
void sl_sim_change(sl_sim *self, const sl_sim_def *def);
void sl_sim_watch(sl_sim *self, const sl_sim_wire *wire);
uint32_t sl_sim_newest(const sl_sim *self); /* id of the transport opened last; never used again */
/* A message comes to a member in delay_ns, as if from had sent it, whether that is still there or not: what was said
 * once is said again, or altered, over the same connection. SL_MEMORY, SL_FULL (too many are under way). */
SL_MUST_CHECK sl_status sl_sim_inject(sl_sim *self, uint32_t from, uint32_t to, int64_t delay_ns, int n_frames,
                                      const sl_frame *frames);
/* Calls handler for each message that arrives at the transport opened last, and every wake_ns, from within the
 * receive or wait of another transport: so one thread plays all ends. The handler may receive with timeout 0, send,
 * and close. */
void sl_sim_attach(sl_sim *self, int64_t wake_ns, sl_sim_handler handler, void *context);
/* As sl_transport_serve and sl_transport_connect, which call it. A client's messages carry the key of its link; there
 * is no handshake that refuses one, and a server with keys rereads its list by the virtual clock. */
SL_MUST_CHECK sl_status sl_sim_open(const sl_link_def *link, bool serves, sl_transport **out);

#endif
