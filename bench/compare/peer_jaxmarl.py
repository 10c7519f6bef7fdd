"""Steps of JaxMARL's MPE_simple_spread_v3 with random actions, compiled: python peer_jaxmarl.py SECONDS. The number of
copies is the fastest of three."""
import importlib.metadata
import json
import sys
import time

import jax
import jaxmarl

LENGTH = 100
env = jaxmarl.make("MPE_simple_spread_v3")


def compile_for(V):
    def one(carry, key):
        _, state = carry
        actions = {a: jax.random.randint(jax.random.fold_in(key, i), (V,), 0, 5) for i, a in enumerate(env.agents)}
        obs, state, reward, _, _ = jax.vmap(env.step)(jax.random.split(key, V), state, actions)
        return (obs, state), sum(r.sum() for r in reward.values())

    run = jax.jit(lambda carry, key: jax.lax.scan(one, carry, jax.random.split(key, LENGTH)))
    carry = jax.vmap(env.reset)(jax.random.split(jax.random.PRNGKey(0), V))
    carry, _ = jax.block_until_ready(run(carry, jax.random.PRNGKey(1)))
    return run, carry


def measure(V, seconds):
    run, carry = compile_for(V)
    steps, begin, cpu = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - begin < seconds:
        carry, _ = jax.block_until_ready(run(carry, jax.random.PRNGKey(steps % 1000)))
        steps += LENGTH * V
    return steps / (time.process_time() - cpu)


best = max(measure(V, float(sys.argv[1]) / 3) for V in (64, 512, 4096))
print(json.dumps({"peer": "JaxMARL", "version": importlib.metadata.version("jaxmarl"), "what": "environment steps",
                  "per_cpu_second": best}))
