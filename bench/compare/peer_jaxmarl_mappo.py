"""MAPPO on JaxMARL's MPE_simple_spread_v3 in JAX, as much work a step as experiments/mpe/reference-mappo.yaml: GRU of
64 behind two layers of 64 with layer norm, actor shared by the agents, critic on all observations, 128 copies, 25
steps, 10 epochs of one mini-batch, Adam. Roll-out, advantages and learning are one compiled program.
python peer_jaxmarl_mappo.py SECONDS"""
import importlib.metadata
import json
import sys
import time

import flax.linen as nn
import jax
import jax.numpy as jnp
import jaxmarl
import optax

V, T, H, EPOCHS, GAMMA, LAMBDA, CLIP = 128, 25, 64, 10, 0.99, 0.95, 0.2
env = jaxmarl.make("MPE_simple_spread_v3")
AGENTS = env.agents
N = len(AGENTS)


class Cell(nn.Module):
    """One step of the recurrent part; the state begins anew where an episode does."""

    @nn.compact
    def __call__(self, h, x):
        features, first = x
        return nn.GRUCell(H)(jnp.where(first[:, None], 0.0, h), features)


class Network(nn.Module):
    out: int

    @nn.compact
    def __call__(self, h, x, first):
        x = nn.LayerNorm()(x)
        for _ in range(2):
            x = nn.LayerNorm()(nn.relu(nn.Dense(H)(x)))
        scan = nn.scan(Cell, variable_broadcast="params", split_rngs={"params": False})
        h, y = scan()(h, (x, first))
        return h, nn.Dense(self.out)(nn.LayerNorm()(y))


actor, critic = Network(5), Network(1)
optimiser = optax.chain(optax.clip_by_global_norm(10.0), optax.adam(7e-4, eps=1e-5))


def rows(per_agent):
    return jnp.concatenate([per_agent[a] for a in AGENTS])


def joint(per_agent):
    return jnp.concatenate([per_agent[a] for a in AGENTS], axis=-1)


def act(params, carry, key):
    obs, state, first, h, hc = carry
    k1, k2 = jax.random.split(key)
    x = rows(obs)
    first_rows = jnp.tile(first, N)
    h, logits = actor.apply(params[0], h, x[None], first_rows[None])
    hc, value = critic.apply(params[1], hc, joint(obs)[None], first[None])
    action = jax.random.categorical(k1, logits[0])
    logp = jnp.take_along_axis(jax.nn.log_softmax(logits[0]), action[:, None], 1)[:, 0]
    actions = {a: action[i * V:(i + 1) * V] for i, a in enumerate(AGENTS)}
    nobs, state, reward, done, _ = jax.vmap(env.step)(jax.random.split(k2, V), state, actions)
    team = sum(reward[a] for a in AGENTS)
    step = (x, joint(obs), first, action, logp, value[0, :, 0], team, done["__all__"])
    return (nobs, state, done["__all__"], h, hc), step


def advantages(values, last, reward, done):
    def back(carry, x):
        following, advantage = carry
        value, r, d = x
        keep = 1.0 - d
        advantage = r + GAMMA * following * keep - value + GAMMA * LAMBDA * keep * advantage
        return (value, advantage), advantage

    _, out = jax.lax.scan(back, (last, jnp.zeros_like(last)), (values, reward, done.astype(jnp.float32)), reverse=True)
    return out


def loss(params, h, hc, steps, advantage, target):
    x, state, first, action, logp, value, _, _ = steps
    _, logits = actor.apply(params[0], h, x, jnp.tile(first, (1, N)))
    all_logp = jax.nn.log_softmax(logits)
    ratio = jnp.exp(jnp.take_along_axis(all_logp, action[..., None], 2)[..., 0] - logp)
    a = jnp.tile((advantage - advantage.mean()) / (advantage.std() + 1e-5), (1, N))
    policy = -jnp.minimum(ratio * a, jnp.clip(ratio, 1 - CLIP, 1 + CLIP) * a).mean()
    entropy = -(jnp.exp(all_logp) * all_logp).sum(-1).mean()
    _, v = critic.apply(params[1], hc, state, first)
    v = v[..., 0]
    clipped = value + jnp.clip(v - value, -CLIP, CLIP)
    huber = jnp.maximum(optax.huber_loss(v, target, delta=10.0), optax.huber_loss(clipped, target, delta=10.0)).mean()
    return policy + huber - 0.01 * entropy


@jax.jit
def update(params, moments, carry, key):
    h, hc = carry[3], carry[4]
    carry, steps = jax.lax.scan(lambda c, k: act(params, c, k), carry, jax.random.split(key, T))
    _, last = critic.apply(params[1], carry[4], joint(carry[0])[None], carry[2][None])
    advantage = advantages(steps[5], last[0, :, 0], steps[6], steps[7])
    target = advantage + steps[5]

    def epoch(both, _):
        params, moments = both
        grads = jax.grad(loss)(params, h, hc, steps, advantage, target)
        # actor and critic have an optimiser each
        changed = [optimiser.update(g, m, p) for g, m, p in zip(grads, moments, params)]
        return (tuple(optax.apply_updates(p, c[0]) for p, c in zip(params, changed)), tuple(c[1] for c in changed)), 0

    (params, moments), _ = jax.lax.scan(epoch, (params, moments), None, length=EPOCHS)
    return params, moments, carry, steps[6].sum() / V


key = jax.random.PRNGKey(0)
obs, state = jax.vmap(env.reset)(jax.random.split(key, V))
h, hc, first = jnp.zeros((V * N, H)), jnp.zeros((V, H)), jnp.ones((V,), bool)
params = (actor.init(key, h, rows(obs)[None], jnp.tile(first, N)[None]), critic.init(key, hc, joint(obs)[None], first[None]))
moments = tuple(optimiser.init(p) for p in params)
carry = (obs, state, first, h, hc)
# twice: the second compiles once more, for the types that the first left
for _ in range(2):
    params, moments, carry, _ = jax.block_until_ready(update(params, moments, carry, key))
steps, begin, cpu = 0, time.perf_counter(), time.process_time()
while time.perf_counter() - begin < float(sys.argv[1]):
    key, k = jax.random.split(key)
    params, moments, carry, score = jax.block_until_ready(update(params, moments, carry, k))
    steps += T * V
print(json.dumps({"peer": "JaxMARL", "version": importlib.metadata.version("jaxmarl"), "what": "MAPPO",
                  "per_cpu_second": steps / (time.process_time() - cpu), "return": float(score)}))
