"""Steps of VMAS's simple_spread with random actions, 4,096 copies in one process: python peer_vmas.py SECONDS."""
import importlib.metadata
import json
import sys
import time

import torch
import vmas

V = 4096
torch.set_num_threads(1)
env = vmas.make_env("simple_spread", num_envs=V, device="cpu", continuous_actions=False, max_steps=25, seed=0)


def step():
    _, _, done, _ = env.step([torch.randint(0, 5, (V,)) for _ in range(env.n_agents)])
    # all copies begin and end together
    if bool(done[0]):
        env.reset()


for _ in range(30):
    step()
steps, begin, cpu = 0, time.perf_counter(), time.process_time()
while time.perf_counter() - begin < float(sys.argv[1]):
    step()
    steps += V
print(json.dumps({"peer": "VMAS", "version": importlib.metadata.version("vmas"), "what": "environment steps",
                  "per_cpu_second": steps / (time.process_time() - cpu)}))
