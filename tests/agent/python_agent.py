#!/usr/bin/python3
"""python_agent.py - an agent written from proto/README.md alone: joins a fleet, fetches its slot's student when it does
not hold it, flies. It computes in float32 in the page's order, so its logits are those of starling-agent-<H> bit for bit.
In PYTHONPATH it needs what protoc --python_out makes of fleet.proto."""
import argparse
import hashlib
import json
import os
import platform
import secrets
import signal
import sys
import time

import fleet_pb2
import numpy as np
import zmq
import zmq.auth
from google.protobuf.message import DecodeError
from numpy import float32 as f32

HELLO, WELCOME, REJECT, RESET, OBSERVATION, ACTION, HEARTBEAT, MODEL_REQUEST, MODEL_CHUNK, GOODBYE = range(1, 11)
SLOT_TAKEN, UNAUTHORISED, FULL, MODEL_UNKNOWN = range(3, 7)


def give_up(why):
    """what would only come again: starling does not start an agent anew after this code"""
    print(f"python_agent: {why}", file=sys.stderr)
    sys.exit(6)


def fma(x, y, z):
    """x * y + z rounded once: the product is exact in float64, and a sum that is rounded to odd there rounds once more"""
    p = np.multiply(x, y, dtype=np.float64)
    s = np.asarray(p + z)
    if not (s.view(np.int64) & 0xfffffff).all():  # only these can lie half way between two of float32
        b = s - p
        e = (p - (s - b)) + (z - b)
        inexact_even = (np.abs(e) > 0) & (s.view(np.int64) & 1 == 0)
        s.view(np.int64)[...] += np.where(inexact_even, np.where((e > 0) == (s > 0), 1, -1), 0)
    return s.astype(f32)


def exp_less_1(x):
    """e^x = 2^n e^r: 2^n and e^r - 1"""
    x = np.where(x < f32(-87), f32(-87), np.where(x > f32(88), f32(88), x))
    s = fma(x, f32(1.44269504088896341), f32(12582912))
    r = fma(s - f32(12582912), f32(-0.693147180559945309), x)
    t = r * r
    low, high = fma(r, f32(1.6666520690e-1), f32(4.9999993452e-1)), fma(r, f32(8.3687098281e-3), f32(4.1668387364e-2))
    p = fma(t, fma(t, f32(1.3814613131e-3), high), low)
    return ((s.view(np.uint32) + np.uint32(127)) << np.uint32(23)).view(f32), fma(p, t, r)


def sigmoid(x):
    c, m = exp_less_1(-np.abs(x))
    e = fma(c, m, c)
    return np.where(x < 0, e, f32(1)) / (f32(1) + e)


def tanh(x):
    c, m = exp_less_1(f32(-2) * np.abs(x))
    d = fma(c, m, c - f32(1))
    return np.copysign(-d / (f32(2) + d), x)


def total(parts, width):
    """halves onto halves"""
    while width > 1:
        width //= 2
        parts = parts[:width] + parts[width:]
    return parts[0]


def in_sixteen(x, add):
    parts = np.zeros(16, f32)
    for i in range(0, len(x), 16):
        row = x[i:i + 16]
        parts[:len(row)] = add(row, parts[:len(row)])
    return total(parts, 16)


class Model:
    def __init__(self, data):
        begin = 8 + int.from_bytes(data[:8], "little")
        header = json.loads(data[8:begin])
        self.profile = header.pop("__metadata__")
        self.sha256 = hashlib.sha256(data).hexdigest()
        self.obs_dim, self.n_actions = int(self.profile["obs_dim"]), int(self.profile["n_actions"])
        self.tensors = {}
        for name, t in header.items():
            first, last = t["data_offsets"]
            self.tensors[name] = np.frombuffer(data[begin + first:begin + last], "<f4").reshape(t["shape"])
        self.check()

    def check(self):
        digest = hashlib.sha256()
        for name in sorted(self.tensors):
            digest.update(name.encode() + b"\n" + self.tensors[name].tobytes())
        for key in sorted(self.profile.keys() - {"digest"}):
            digest.update(f"{key}={self.profile[key]}\n".encode())
        if self.profile.get("digest", digest.hexdigest()) != digest.hexdigest():
            give_up("the student's file was changed")
        self.h, tolerance = self.zeros(), float(self.profile["kat_tolerance"])
        if self.profile.get("arithmetic", "1") != "2":
            tolerance = max(tolerance, 1e-5 * float(np.abs(self.tensors["kat.logits"]).max()))
        for obs, expected in zip(self.tensors["kat.input"], self.tensors["kat.logits"].reshape(4, -1)):
            if np.abs(self.logits(obs) - expected).max() > tolerance:
                give_up("the student fails its known-answer test")

    def zeros(self):
        return np.zeros(int(self.profile["hidden"]), f32)

    def linear(self, x, name, part=""):
        weight = self.tensors[f"policy.{name}.weight{part}"].reshape(len(x), -1)
        sums = np.zeros((4, weight.shape[1]), f32)
        sums[0] = self.tensors[f"policy.{name}.bias{part}"]
        for i in range(0, len(x), 4):
            n = min(4, len(x) - i)
            sums[:n] = fma(x[i:i + n, None], weight[i:i + n], sums[:n])
        return (sums[0] + sums[1]) + (sums[2] + sums[3])

    def norm(self, x, name):
        if self.profile["layer_norm"] == "false":
            return x
        away = x - in_sixteen(x, np.add) / f32(len(x))
        c = f32(1) / np.sqrt(in_sixteen(away, lambda d, s: fma(d, d, s)) / f32(len(x)) + f32(1e-5))
        return fma(away * c, self.tensors[f"policy.{name}.weight"], self.tensors[f"policy.{name}.bias"])

    def gru(self, x):
        ir, iz, i_n = np.split(self.linear(x, "gru", "_ih"), 3)
        hr, hz, hn = np.split(self.linear(self.h, "gru", "_hh"), 3)
        r, z = sigmoid(ir + hr), sigmoid(iz + hz)
        n = tanh(fma(r, hn, i_n))
        self.h = fma(z, self.h - n, n)
        return self.h

    def logits(self, obs):
        x = self.norm(obs, "input_norm")
        for i in range(int(self.profile["layers"])):
            x = self.linear(x, f"layers.{i}")
            x = tanh(x) if self.profile["activation"] == "tanh" else np.where(x > 0, x, f32(0))
            x = self.norm(x, f"layers.{i}.norm")
        if self.profile["cell"] == "gru":
            x = self.norm(self.gru(x), "gru.norm")
        return self.linear(x, "head")

    def decide(self, message):
        if message.episode_start:
            self.h = self.zeros()
        logits, avail = self.logits(np.array(message.obs, f32)), message.avail
        # max takes the first of equal ones
        return max((a for a in range(self.n_actions) if not avail or avail[a]), key=lambda a: logits[a], default=0)


class Agent:
    def __init__(self, endpoint, model, slot, keys=None):
        self.model, self.wish, self.over = model, {} if slot is None else {"slot": slot}, False
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        for option, value in ((zmq.IMMEDIATE, 1), (zmq.LINGER, 1000), (zmq.SNDTIMEO, 0),
                              (zmq.TCP_MAXRT, 10000), (zmq.IPV6, "[" in endpoint)):
            self.socket.setsockopt(option, value)
        if keys:
            self.socket.curve_publickey, self.socket.curve_secretkey, self.socket.curve_serverkey = keys
        self.socket.connect(endpoint)
        self.start_over()

    def start_over(self):
        self.run_id, self.session, self.slot, self.sequence = secrets.randbelow(2**64 - 1) + 1, 0, 0, 0
        self.state, self.due, self.newest = HELLO, 0.0, None

    def send(self, kind, **fields):
        if kind != HELLO:
            fields.update(session=self.session, slot=self.slot)
        message = fleet_pb2.Message(run_id=self.run_id, **fields)
        try:
            self.socket.send(b"SLFT" + bytes((1, 0, kind, 0)) + message.SerializeToString())
        except zmq.Again:
            return False
        return True

    def speak(self):
        """what the state says when it is due"""
        if self.state == HELLO:
            m = self.model
            holds = {"model_sha256": m.sha256} if m else {}
            sent = self.send(HELLO, build="python", arch=platform.machine()[:15], hidden=0,
                             obs_dim=m.obs_dim if m else 0, n_actions=m.n_actions if m else 0, **holds, **self.wish)
        elif self.state == MODEL_REQUEST:
            sent = self.send(MODEL_REQUEST, offset=len(self.fetched))
        else:
            sent = self.send(HEARTBEAT, **({"sequence": self.sequence} if self.sequence else {}))
        pause = {HELLO: 0.25, MODEL_REQUEST: 0.5}.get(self.state) or self.heartbeat
        self.due = time.monotonic() + (pause if sent else 0.02)

    def on_welcome(self, welcome):
        if welcome.mode not in ("lockstep", "virtual", "realtime"):
            give_up(f"the coordinator's clock is '{welcome.mode}', which this agent does not know")
        self.realtime = welcome.mode == "realtime"
        self.session, self.slot, self.heartbeat = welcome.session, welcome.slot, welcome.heartbeat_ms / 1000
        self.welcome, self.fetched, self.due = welcome, b"", 0.0
        holds = self.model and welcome.model_sha256 in ("", self.model.sha256)
        self.state = HEARTBEAT if holds else MODEL_REQUEST
        if not holds and not welcome.model_bytes:
            give_up(f"there is no student to fetch for slot {self.slot}")

    def on_chunk(self, message):
        if message.offset != len(self.fetched):
            return
        self.fetched, self.due = self.fetched + message.chunk, 0.0
        if len(self.fetched) == message.model_bytes:
            if hashlib.sha256(self.fetched).hexdigest() != self.welcome.model_sha256:
                give_up("the student came with another SHA-256 than announced")
            self.model, self.state = Model(self.fetched), HEARTBEAT

    def on_observation(self, message, received):
        newer = message.sequence > self.sequence
        if newer and (self.realtime or message.sequence == self.sequence + 1 or message.episode_start):
            if len(message.obs) != self.model.obs_dim:
                give_up(f"slot {self.slot} sent {len(message.obs)} features, the student takes {self.model.obs_dim}")
            self.action, self.tick, self.sequence = self.model.decide(message), message.tick, message.sequence
        elif message.sequence != self.sequence:
            return
        if self.send(ACTION, tick=self.tick, sequence=self.sequence, action=self.action,
                     residence_ns=time.monotonic_ns() - received):
            self.due = time.monotonic() + self.heartbeat

    def on_frame(self, frame, received):
        if frame[:4] != b"SLFT" or len(frame) < 8:
            return
        if frame[4] != 1:
            give_up(f"the coordinator speaks protocol {frame[4]}.{frame[5]}")
        try:
            kind, message = frame[6], fleet_pb2.Message.FromString(frame[8:])
        except DecodeError:
            return
        if message.run_id != self.run_id or (kind not in (WELCOME, REJECT) and message.session != self.session):
            return
        if kind == WELCOME and self.state == HELLO:
            self.on_welcome(message)
        elif kind == REJECT and message.reject == UNAUTHORISED:
            print(f"python_agent: refused: {message.text}", file=sys.stderr)
            self.start_over()
            self.due = time.monotonic() + 3
        elif kind == REJECT and self.state == HELLO:
            if message.reject not in (SLOT_TAKEN, FULL, MODEL_UNKNOWN):
                give_up(f"refused: {message.text}")
            self.due = time.monotonic() + 0.5
        elif kind == MODEL_CHUNK and self.state == MODEL_REQUEST:
            self.on_chunk(message)
        elif kind == OBSERVATION and self.state == HEARTBEAT:
            if self.realtime and message.sequence > self.sequence:
                if not self.newest or message.sequence > self.newest[0].sequence:
                    self.newest = message, received
            else:
                self.on_observation(message, received)
        elif kind == RESET:
            self.start_over()
        elif kind == GOODBYE:
            self.over = True

    def run(self):
        parent = int(os.environ.get("STARLING_PARENT", os.getppid()))
        while not self.over and os.getppid() == parent:
            if time.monotonic() >= self.due:
                self.speak()
            if self.socket.poll(max(0, int((self.due - time.monotonic()) * 1000) + 1)):
                self.on_frame(self.socket.recv_multipart()[0], time.monotonic_ns())
                # realtime: what waited with a newer one is not decided on
                while self.newest and self.socket.poll(0):
                    self.on_frame(self.socket.recv_multipart()[0], time.monotonic_ns())
                if self.newest and self.state == HEARTBEAT and not self.over:
                    newest, self.newest = self.newest, None
                    self.on_observation(*newest)


def main():
    parser = argparse.ArgumentParser(description="Flies one student.")
    parser.add_argument("--connect", metavar="ENDPOINT", required=True)
    parser.add_argument("--model", metavar="FILE", help="else it is fetched from the coordinator")
    parser.add_argument("--slot", metavar="N", type=int)
    parser.add_argument("--key", metavar="FILE", help="its own: agent-0.key_secret of 'starling keys'")
    parser.add_argument("--server-key", metavar="FILE", help="the coordinator's: coordinator.key of 'starling keys'")
    options, _ = parser.parse_known_args()
    if bool(options.key) != bool(options.server_key):
        parser.error("--key and --server-key go together")
    load, keys = zmq.auth.load_certificate, None
    if options.key:
        keys = (*load(options.key), load(options.server_key)[0])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    model = Model(open(options.model, "rb").read()) if options.model else None
    agent = Agent(options.connect, model, options.slot, keys)
    try:
        agent.run()
    finally:
        if agent.session and not agent.over:
            agent.send(GOODBYE)


if __name__ == "__main__":
    main()
