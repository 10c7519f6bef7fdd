#!/usr/bin/python3
"""Records what PyTorch computes for three small networks, for tests/nn/test_reference.c.

Needs Debian's python3-torch (1.13). Run in this folder: it writes reference.safetensors, which is kept beside it.
Everything is computed in float64 from inputs and weights that are float32, and stored as float32, so the file holds
the exact numbers to float32's precision. Parameters are flat and in the order of nn/layout.c, weights (in, out).
"""
import json
import struct

import torch
import torch.nn.functional as F

T, B, I, H, A = 5, 4, 6, 16, 5
NETS = {  # layers, activation, GRU, layer norm
    "ff": (2, torch.relu, False, False),
    "gru": (1, torch.tanh, True, False),
    "norm": (2, torch.relu, True, True),
}
CLIP, ENTROPY, EMBEDDING, LR, EPS, MAX_NORM, STEPS = 0.2, 0.01, 0.1, 7e-4, 1e-5, 0.05, 10

torch.manual_seed(20)
tensors = {}


def keep(name, value):
    tensors[name] = value.detach().clone()


def draw(*shape, scale=1.0):
    """float64 numbers that float32 holds exactly"""
    return (torch.randn(*shape) * scale).double()


def make_params(layers, gru, norm):
    """name -> parameter, in the order of the flat vector"""
    p = {}

    def add(name, *shape):
        p[name] = draw(*shape, scale=0.4).requires_grad_()

    def add_norm(name, n):
        p[name + ".weight"] = (1 + draw(n, scale=0.25)).float().double().requires_grad_()
        p[name + ".bias"] = draw(n, scale=0.3).requires_grad_()

    if norm:
        add_norm("input_norm", I)
    for l in range(layers):
        add(f"layers.{l}.weight", H if l else I, H)
        add(f"layers.{l}.bias", H)
        if norm:
            add_norm(f"layers.{l}.norm", H)
    if gru:
        add("gru.weight_ih", H, 3 * H)
        add("gru.bias_ih", 3 * H)
        add("gru.weight_hh", H, 3 * H)
        add("gru.bias_hh", 3 * H)
        if norm:
            add_norm("gru.norm", H)
    add("head.weight", H, A)
    add("head.bias", A)
    return p


def forward(p, net, x, h0, kept):
    layers, act, gru, norm = NETS[net]

    def normed(name, y):
        if not norm:
            return y
        return F.layer_norm(y, (y.shape[-1],), p[name + ".weight"], p[name + ".bias"], 1e-5)

    y = normed("input_norm", x)
    for l in range(layers):
        y = normed(f"layers.{l}.norm", act(F.linear(y, p[f"layers.{l}.weight"].T, p[f"layers.{l}.bias"])))
    z = y
    if gru:
        # torch's own cell, weights turned to its (out, in)
        cell = torch.nn.GRUCell(H, H).double()
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        for name in names:
            delattr(cell, name)
            w = p["gru." + name]
            setattr(cell, name, w.T if w.dim() == 2 else w)
        h, states = h0, []
        for t in range(T):
            h = cell(y[t], h * kept[t][:, None])
            states.append(h)
        z = torch.stack(states)
        y = normed("gru.norm", z)
    return F.linear(y, p["head.weight"].T, p["head.bias"]), z


def log_softmax(logits, avail):
    return torch.log_softmax(logits.masked_fill(~avail, -1e10), -1)


def ppo_loss(out, z, data):
    """clipped objective, entropy bonus, and a pull on the embedding so that dz is used"""
    logp = log_softmax(out, data["avail"])
    taken = logp.gather(-1, data["actions"][..., None])[..., 0]
    ratio = torch.exp(taken - data["old_logp"])
    objective = torch.min(ratio * data["advantages"], ratio.clamp(1 - CLIP, 1 + CLIP) * data["advantages"])
    entropy = -(logp.exp() * logp).masked_fill(~data["avail"], 0).sum(-1)
    return -objective.mean() - ENTROPY * entropy.mean() + EMBEDDING * (z * z).mean()


def flat(values):
    return torch.cat([v.reshape(-1) for v in values])


def record(net):
    layers, _, gru, norm = NETS[net]
    p = make_params(layers, gru, norm)
    kept = (torch.rand(T, B) > 0.3).double()
    data = {"x": draw(T, B, I), "h0": draw(B, H, scale=0.5), "keep": kept, "advantages": draw(T, B)}
    data["avail"] = torch.rand(T, B, A) > 0.3
    data["actions"] = torch.randint(A, (T, B))
    data["avail"].scatter_(-1, data["actions"][..., None], True)
    keep(net + ".params", flat(p.values()))
    out, z = forward(p, net, data["x"], data["h0"], data["keep"])
    # the policy that acted was near, so that some ratios are clipped and some are not
    taken = log_softmax(out, data["avail"]).gather(-1, data["actions"][..., None])[..., 0].detach()
    data["old_logp"] = (taken + draw(T, B, scale=0.25)).float().double()
    for name in data:
        keep(f"{net}.{name}", data[name])
    loss = ppo_loss(out, z, data)
    loss.backward()
    keep(net + ".out", out)
    keep(net + ".z", z)
    keep(net + ".loss", loss.reshape(1))
    keep(net + ".grads", flat(v.grad for v in p.values()))
    adam = torch.optim.Adam(p.values(), lr=LR, eps=EPS)
    for _ in range(STEPS):
        adam.zero_grad()
        ppo_loss(*forward(p, net, data["x"], data["h0"], data["keep"]), data).backward()
        norm_before = torch.nn.utils.clip_grad_norm_(p.values(), MAX_NORM)
        adam.step()
    assert norm_before > MAX_NORM, "clipping must be at work"
    keep(net + ".params_after", flat(p.values()))


def record_losses():
    R = 12
    teacher, student = draw(R, A, scale=2), draw(R, A, scale=2).requires_grad_()
    avail = torch.rand(R, A) > 0.3
    avail[:, 0] = True
    keep("kl.teacher", teacher)
    keep("kl.student", student)
    keep("kl.avail", avail)
    for tau in (1.0, 3.0):
        target = torch.softmax((teacher / tau).masked_fill(~avail, -1e10), -1)
        logq = log_softmax(student / tau, avail)
        kl = tau * tau * F.kl_div(logq, target, reduction="none").sum(-1)
        student.grad = None
        kl.sum().backward()
        keep(f"kl.rows_{tau:g}", kl)
        keep(f"kl.grads_{tau:g}", student.grad)
    error = draw(R, scale=8).requires_grad_()
    loss = F.huber_loss(error, torch.zeros(R).double(), reduction="none", delta=10.0)
    loss.sum().backward()
    keep("huber.error", error)
    keep("huber.loss", loss)
    keep("huber.grads", error.grad)


def write(path):
    header, blob = {"__metadata__": {"made_by": f"make_reference.py, torch {torch.__version__}"}}, b""
    for name in sorted(tensors):
        value = tensors[name]
        kind, code = {torch.bool: ("U8", "B"), torch.int64: ("I32", "i")}.get(value.dtype, ("F32", "f"))
        data = struct.pack(f"<{value.numel()}{code}", *value.reshape(-1).tolist())
        data += b"\0" * (-len(data) % 8) if kind == "U8" else b""
        shape = list(value.shape) if kind != "U8" else [len(data)]
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [len(blob), len(blob) + len(data)]}
        blob += data
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + blob)


for net in NETS:
    record(net)
record_losses()
write("reference.safetensors")
