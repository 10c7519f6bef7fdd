/* message.h - a message of one or more frames as a transport moves it, and who it is from. Plain data. */
#ifndef SL_NET_MESSAGE_H
#define SL_NET_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

enum { SL_MAX_FRAMES = 34, SL_PEER_BYTES = 32 };

/* Who sent a message: the ROUTER's routing id. A client has one peer, its server, with len 0. */
typedef struct sl_peer {
    uint8_t len, bytes[SL_PEER_BYTES];
} sl_peer;

typedef struct sl_frame {
    const void *bytes;
    size_t n_bytes;
} sl_frame;

typedef struct sl_message {
    sl_peer peer;
    int n_frames;
    sl_frame frames[SL_MAX_FRAMES]; /* received: borrowed until the next receive; all but the first 8-byte aligned */
} sl_message;

#endif
