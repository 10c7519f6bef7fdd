/* toy.h - a family of environments that is not of this house: one agent walks along a line. What a test adds is this
 * folder and a line of the table. */
#ifndef SL_TESTS_ENVS_TOY_TOY_H
#define SL_TESTS_ENVS_TOY_TOY_H

#include "envs/family.h"

extern const sl_env_family sl_toy_family;

#endif
