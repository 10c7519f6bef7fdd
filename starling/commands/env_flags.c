/* env_flags.c - see env_flags.h. */
#include "starling/commands/env_flags.h"

#include "envs/options.h"

static sl_option row_of(sl_env_flags *self, int k, int least) {
    const sl_env_option *option = sl_env_option_at(k);
    sl_env_value *value = &self->options.values[k];
    sl_option row = {option->flag, SL_OPTION_SWITCH, option->value, option->help, &value->yes, 0, 0};
    if (option->kind == SL_ENV_BOOL) return row;
    sl_env_option_range(option, &row.min, &row.max);
    bool whole = option->kind == SL_ENV_INT;
    row.kind = whole ? SL_OPTION_INT : SL_OPTION_REAL;
    row.out = whole ? (void *)&self->whole[k] : (void *)&value->real;
    // what stands for the environment's own is not said by a number here
    row.min = whole ? least : 0;
    return row;
}

int sl_env_flags_list(sl_env_flags *self, int n_kinds, const sl_env_kind *kinds, int least, sl_option *rows) {
    int n = 0;
    *self = (sl_env_flags){.options = sl_env_default_options()};
    for (int i = 0; i < n_kinds; i++) {
        for (int k = 0; k < sl_env_n_options(); k++) {
            const sl_env_option *option = sl_env_option_at(k);
            if (option->kind == kinds[i] && option->flag) rows[n++] = row_of(self, k, least);
        }
    }
    rows[n++] = (sl_option){"switch",
                            SL_OPTION_LIST,
                            "NAME",
                            "full, spawn_shift=4, ...: as in the brackets of a name",
                            &self->switches,
                            0,
                            0};
    rows[n++] = (sl_option){
        "opponent", SL_OPTION_TEXT, "WHO", "who commands the enemies: reference, hold, FILE", &self->opponent, 0, 0};
    return n;
}

sl_status sl_env_flags_take(sl_env_flags *self, const char *env) {
    for (int i = 0; i < self->switches.n; i++) {
        SL_TRY(sl_env_set_switch(&self->options, self->switches.items[i]));
    }
    for (int k = 0; k < sl_env_n_options(); k++) {
        if (self->whole[k] > 0) self->options.values[k].whole = (int)self->whole[k];
    }
    if (!self->opponent) return SL_OK;
    SL_TRY(sl_opponent_network_create("--opponent", self->opponent, env, &self->options, &self->network));
    sl_opponent_network_announce(self->network);
    return SL_OK;
}

void sl_env_flags_fini(sl_env_flags *self) {
    sl_opponent_network_destroy(&self->network);
}
