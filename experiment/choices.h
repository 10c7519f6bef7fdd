/* choices.h - what keys of an experiment choose among: the words that stand in the file, in the enums' order. */
#ifndef SL_EXPERIMENT_CHOICES_H
#define SL_EXPERIMENT_CHOICES_H

typedef enum sl_exp_method { SL_EXP_KD_MARL, SL_EXP_DIRECT } sl_exp_method; /* kd-marl | direct */
typedef enum sl_exp_source { SL_EXP_SOURCE_EXPERT, SL_EXP_SOURCE_STUDENT, SL_EXP_SOURCE_MIXED } sl_exp_source;
typedef enum sl_exp_sight { SL_EXP_SIGHT_LIMITED, SL_EXP_SIGHT_FULL } sl_exp_sight;    /* limited | full */
typedef enum sl_exp_visibility { SL_EXP_VISIBLE, SL_EXP_HIDDEN } sl_exp_visibility;    /* visible | hidden */
typedef enum sl_exp_critic { SL_EXP_CRITIC_STATE, SL_EXP_CRITIC_AGENT } sl_exp_critic; /* state | agent */
typedef enum sl_exp_reward { SL_EXP_SUM, SL_EXP_MEAN, SL_EXP_OWN } sl_exp_reward;      /* sum | mean | own */
typedef enum sl_exp_precision { SL_EXP_F32, SL_EXP_BF16 } sl_exp_precision;            /* f32 | bf16 */
typedef enum sl_exp_sampler { SL_EXP_UNIFORM, SL_EXP_FIFO, SL_EXP_LIFO } sl_exp_sampler;
typedef enum sl_exp_agents { SL_EXP_AGENTS_LOCAL, SL_EXP_AGENTS_REMOTE } sl_exp_agents;
typedef enum sl_exp_clock { SL_EXP_LOCKSTEP, SL_EXP_VIRTUAL, SL_EXP_REALTIME } sl_exp_clock;

#endif
