/* model.c - starling model info: a policy file's profile, after its known-answer test. */
#include "starling/commands/command.h"
#include "starling/run/options.h"
#include "starling/run/output.h"

#include "nn/policy.h"

#include <inttypes.h>
#include <stdio.h>

static json_t *json_of_profile(const sl_profile *p, bool *failed) {
    json_t *object = json_object(), *blocks = json_array();
    for (int b = 0; b < p->n_blocks; b++) {
        json_t *block = json_pack("{s:s,s:i,s:i}", "name", p->blocks[b].name, "begin", p->blocks[b].begin, "len",
                                  p->blocks[b].len);
        if (json_array_append_new(blocks, block) != 0) *failed = true;
    }
    sl_json_set(object, "kind", json_string(p->kind), failed);
    sl_json_set(object, "env", json_string(p->env), failed);
    sl_json_set(object, "env_options", json_string(p->env_options), failed);
    sl_json_set(object, "agent", json_integer(p->agent), failed);
    sl_json_set(object, "n_agents", json_integer(p->n_agents), failed);
    sl_json_set(object, "role", json_string(p->role), failed);
    sl_json_set(object, "obs_dim", json_integer(p->obs_dim), failed);
    sl_json_set(object, "in_dim", json_integer(p->in_dim), failed);
    sl_json_set(object, "n_actions", json_integer(p->n_actions), failed);
    sl_json_set(object, "agent_id", json_boolean(p->agent_id), failed);
    sl_json_set(object, "cell", json_string(p->cell), failed);
    sl_json_set(object, "activation", json_string(p->activation), failed);
    sl_json_set(object, "hidden", json_integer(p->hidden), failed);
    sl_json_set(object, "layers", json_integer(p->layers), failed);
    sl_json_set(object, "layer_norm", json_boolean(p->layer_norm), failed);
    sl_json_set(object, "mask", json_string(p->mask), failed);
    sl_json_set(object, "blocks", blocks, failed);
    sl_json_set(object, "flops", sl_json_number(p->flops), failed);
    sl_json_set(object, "bytes", json_integer(p->n_bytes), failed);
    sl_json_set(object, "run", json_string(p->run), failed);
    sl_json_set(object, "seed", sl_json_seed(p->seed), failed);
    return object;
}

static void print_profile(const char *file, const sl_policy *policy) {
    const sl_profile *p = &policy->profile;
    printf("%s\n", file);
    printf("  %-14s %s\n", "kind", p->kind);
    sl_print_wrapped(stdout, 17, "  %-14s %s%s%s\n", "environment", p->env, p->env_options[0] ? " " : "",
                     p->env_options);
    if (p->agent >= 0)
        printf("  %-14s %d of %d (%s)\n", "agent", p->agent, p->n_agents, p->role);
    else
        printf("  %-14s shared by all %d\n", "agent", p->n_agents);
    printf("  %-14s %d%s -> %d actions\n", "input", p->in_dim, p->agent_id ? " (with the agent id)" : "",
           p->n_actions);
    sl_print_wrapped(stdout, 17, "  %-14s %d layer%s of %d, %s%s, cell %s\n", "network", p->layers,
                     p->layers == 1 ? "" : "s", p->hidden, p->activation, p->layer_norm ? ", layer norm" : "",
                     p->cell);
    sl_print_wrapped(stdout, 17, "  %-14s %s\n", "mask", p->mask);
    char blocks[SL_PROFILE_BLOCKS * 64] = "";
    size_t n = 0;
    for (int b = 0; b < p->n_blocks && n < sizeof blocks; b++) {
        n += (size_t)snprintf(blocks + n, sizeof blocks - n, " %s[%d:%d]", p->blocks[b].name, p->blocks[b].begin,
                              p->blocks[b].begin + p->blocks[b].len);
    }
    sl_print_wrapped(stdout, 17, "  %-14s%s\n", "blocks", blocks);
    printf("  %-14s %.0f FLOPs a decision, %lld bytes\n", "cost", p->flops, (long long)p->n_bytes);
    sl_print_wrapped(stdout, 17, "  %-14s %s, seed %" PRIu64 "\n", "made by", p->run, p->seed);
    if (policy->has_critic)
        printf("  %-14s %s\n", "critic",
               !policy->critic_team  ? "one an agent"
               : policy->critic_mean ? "one for the team, of the mean reward"
                                     : "one for the team");
    printf("  %-14s passed\n", "known answers");
}

sl_status sl_cmd_model_info(const char *path, int argc, char **argv) {
    bool json = false;
    const sl_option options[] = {{"json", SL_OPTION_SWITCH, NULL, "print one JSON object", &json, 0, 0}};
    sl_usage usage = {
        path, "FILE", "Reads a policy file (.safetensors), runs its known-answer test and prints its profile.", 1, 1,
        1,    options};
    sl_args args;
    SL_TRY(sl_options_parse(&usage, argc, argv, &args));
    if (args.done) return SL_OK;
    sl_policy policy = {0};
    SL_TRY(sl_policy_load(args.v[0], &policy));
    sl_status status = SL_OK;
    if (json) {
        bool failed = false;
        json_t *object = json_of_profile(&policy.profile, &failed);
        sl_json_set(object, "file", json_string(args.v[0]), &failed);
        sl_json_set(object, "has_critic", json_boolean(policy.has_critic), &failed);
        sl_json_set(object, "known_answer_test", json_string("passed"), &failed);
        status = sl_json_print(object, failed);
    } else {
        print_profile(args.v[0], &policy);
    }
    sl_policy_fini(&policy);
    return status;
}
