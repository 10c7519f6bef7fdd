/* model.c - starling model info: a policy file's profile, after its known-answer test. */
#include "starling/commands/command.h"
#include "starling/run/options.h"
#include "starling/run/output.h"

#include "common/alloc.h"
#include "common/decision.h"
#include "nn/policy.h"
#include "storage/sidecar.h"

#include <inttypes.h>
#include <stdio.h>

static json_t *json_of_profile(const sl_profile *p, bool *failed) {
    json_t *object = json_object(), *blocks = json_array();
    for (int b = 0; b < p->n_blocks; b++) {
        json_t *block = json_pack("{s:s,s:i,s:i}", "name", p->blocks[b].name, "begin", p->blocks[b].begin, "len",
                                  p->blocks[b].len);
        if (json_array_append_new(blocks, block) != 0) *failed = true;
    }
    SL_JSON_SET(object, failed, {"kind", json_string(p->kind)}, {"env", json_string(p->env)},
                {"env_options", json_string(p->env_options)}, {"agent", json_integer(p->agent)},
                {"n_agents", json_integer(p->n_agents)}, {"role", json_string(p->role)},
                {"obs_dim", json_integer(p->obs_dim)}, {"in_dim", json_integer(p->in_dim)},
                {"n_actions", json_integer(p->n_actions)}, {"agent_id", json_boolean(p->agent_id)},
                {"cell", json_string(p->cell)}, {"activation", json_string(p->activation)},
                {"hidden", json_integer(p->hidden)}, {"layers", json_integer(p->layers)},
                {"layer_norm", json_boolean(p->layer_norm)}, {"mask", json_string(p->mask)}, {"blocks", blocks},
                {"flops", sl_json_number(p->flops)}, {"bytes", json_integer(p->n_bytes)},
                {"run", json_string(p->run)}, {"seed", sl_json_seed(p->seed)});
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
    if (p->arithmetic == SL_ARITHMETIC)
        printf("  %-14s passed\n", "known answers");
    else
        printf("  %-14s passed but for rounding (made in arithmetic %d, this is %d)\n", "known answers",
               p->arithmetic, SL_ARITHMETIC);
}

/* What FILE.minisig says; whether it is right is for who trusts a key. */
typedef struct claim {
    bool is_there;
    char key[SL_MINISIGN_ID];
    int64_t version; /* 0: it names none */
} claim;

static sl_status read_claim(const char *file, claim *out) {
    uint8_t *text = NULL;
    size_t n = 0;
    sl_minisign_signature signature;
    *out = (claim){.is_there = false};
    sl_status status = sl_sidecar_read(file, &text, &n);
    if (status == SL_NOT_FOUND) return SL_OK;
    if (status == SL_OK) status = sl_minisign_read_signature(file, text, n, &signature);
    sl_free(text);
    SL_TRY(status);
    out->is_there = true;
    sl_minisign_name(signature.id, out->key);
    if (sl_sidecar_version(file, &signature, &out->version) != SL_OK) out->version = 0;
    return SL_OK;
}

static json_t *json_of_claim(const claim *self) {
    return self->is_there ? json_pack("{s:s,s:I}", "key", self->key, "version", (json_int_t)self->version)
                          : json_null();
}

static void print_claim(const claim *self) {
    if (!self->is_there) return;
    printf("  %-14s key %s, version %" PRId64 " (not verified)\n", "signature", self->key, self->version);
}

sl_status sl_cmd_model_info(const char *path, int argc, char **argv) {
    bool json = false;
    const sl_option options[] = {{"json", SL_OPTION_SWITCH, NULL, "print one JSON object", &json, 0, 0}};
    static const char text[] =
        "Reads a policy file (.safetensors), runs its known-answer test and prints its profile.";
    sl_usage usage = {path, "FILE", text, 1, 1, 1, options};
    sl_args args;
    SL_TRY(sl_options_parse(&usage, argc, argv, &args));
    if (args.done) return SL_OK;
    sl_policy policy = {0};
    claim signature;
    SL_TRY(read_claim(args.v[0], &signature));
    SL_TRY(sl_policy_load(args.v[0], &policy));
    sl_status status = SL_OK;
    if (json) {
        bool failed = false;
        json_t *object = json_of_profile(&policy.profile, &failed);
        SL_JSON_SET(object, &failed, {"file", json_string(args.v[0])},
                    {"has_critic", json_boolean(policy.has_critic)}, {"known_answer_test", json_string("passed")},
                    {"arithmetic", json_integer(policy.profile.arithmetic)},
                    {"signature", json_of_claim(&signature)});
        status = sl_json_print(object, failed);
    } else {
        print_profile(args.v[0], &policy);
        print_claim(&signature);
    }
    sl_policy_fini(&policy);
    return status;
}
