"""Steps of MPE2's Simple Spread with random actions: python peer_mpe2.py SECONDS; prints one JSON object."""
import json
import random
import sys
import time

import mpe2
from mpe2 import simple_spread_v3

env = simple_spread_v3.parallel_env(N=3, max_cycles=25)
env.reset(seed=0)
rng = random.Random(0)
steps, begin, cpu = 0, time.perf_counter(), time.process_time()
while time.perf_counter() - begin < float(sys.argv[1]):
    if not env.agents:
        env.reset()
    env.step({agent: rng.randrange(5) for agent in env.agents})
    steps += 1
print(json.dumps({"peer": "MPE2", "version": mpe2.__version__, "what": "environment steps",
                  "per_cpu_second": steps / (time.process_time() - cpu)}))
