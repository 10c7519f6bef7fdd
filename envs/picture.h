/* picture.h - what there is to see of one copy: shapes in world coordinates, and a camera that stays where it is.
 * Nothing in envs/ draws; viewers do, in a terminal or elsewhere. Plain data. */
#ifndef SL_ENVS_PICTURE_H
#define SL_ENVS_PICTURE_H

#include "envs/spec.h"

/* No environment has more: 64 units, as many shots, the edges of 16 walls. */
enum { SL_MAX_SHAPES = 2 * SL_MAX_AGENTS + 64 }; /* every agent and its landmark */

/* A "circle" of radius r, or a "line" to x2, y2. */
typedef struct sl_shape {
    enum { SL_SHAPE_CIRCLE, SL_SHAPE_LINE } kind;
    float x, y, r, x2, y2;
    float health, full_health, shield, full_shield; /* full_health 0: knows no health. health 0: dead */
    int unit;      /* of a circle: 0..N-1 the agents, from N on their opponents; of a line: who fires. -1 = scenery */
    int target;    /* of a line: the unit that is fired at; else -1 */
    uint32_t rgba; /* 0xrrggbbaa */
    char label[SL_NAME_SIZE];
} sl_shape;

/* A rectangle of the world. */
typedef struct sl_box {
    float x0, y0, x1, y1;
} sl_box;

typedef struct sl_camera {
    sl_box world;        /* everything; what leaves it is shown at its edge */
    sl_box core;         /* where things happen, for small screens: without the wide walls */
    double step_seconds; /* of the environment's own time */
} sl_camera;

#endif
