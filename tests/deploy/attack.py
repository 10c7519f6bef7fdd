#!/usr/bin/env python3
"""Strangers on a port: attack.py HOST PORT SECONDS. Plays each attack for that long, one after the other, and prints a line
a finished attack, until it is told to end. It knows ZMTP's greeting and frames, and no key."""
import os
import random
import select
import socket
import struct
import sys
import time

HOST, PORT, SECONDS = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
rng = random.Random(9)


def greeting(mechanism=b"NULL", as_server=0):
    return b"\xff" + bytes(8) + b"\x7f" + b"\x03\x00" + mechanism.ljust(20, b"\0") + bytes([as_server]) + bytes(31)


def command(name, body):
    text = bytes([len(name)]) + name + body
    return b"\x04" + bytes([len(text)]) + text


def ready(kind=b"DEALER"):
    return command(b"READY", b"\x0bSocket-Type" + struct.pack(">I", len(kind)) + kind)


def connect():
    s = socket.socket()
    s.setblocking(False)
    s.connect_ex((HOST, PORT))
    return s


class Crowd:
    """n connections, each with the bytes that it still has to say; who is thrown out comes again"""

    def __init__(self, n, script):
        self.script, self.todo, self.count, self.spoken = script, {}, 0, 0
        self.greeted, self.most = set(), 0
        for _ in range(n):
            self.add()

    def add(self):
        try:
            s = connect()
        except OSError:
            return
        self.todo[s] = self.script(self.count)
        self.count += 1

    def drop(self, s):
        del self.todo[s]
        self.greeted.discard(s)
        s.close()

    def turn(self, at_once=65536):
        talkers = [s for s in self.todo if self.todo[s]]
        readable, writable, _ = select.select(list(self.todo), talkers, [], 0.01)
        for s in readable:
            try:
                # the server's greeting: it has taken the connection
                if s.recv(65536):
                    self.greeted.add(s)
                    continue
            except BlockingIOError:
                continue
            except OSError:
                pass
            self.drop(s)
            self.add()
        self.most = max(self.most, len(self.greeted))
        for s in writable:
            if s not in self.todo:
                continue
            try:
                sent = s.send(self.todo[s][:at_once])
                self.todo[s] = self.todo[s][sent:]
                self.spoken += sent
            except BlockingIOError:
                continue
            except OSError:
                self.drop(s)
                self.add()

    def close(self):
        for s in list(self.todo):
            self.drop(s)


def play(n, script, at_once=65536, pause=0.0, leave=False, times=1):
    """leave: who has said all goes and comes again"""
    crowd, end = Crowd(n, script), time.monotonic() + times * SECONDS
    while time.monotonic() < end:
        crowd.turn(at_once)
        for s in [s for s in crowd.todo if leave and not crowd.todo[s]]:
            crowd.drop(s)
            crowd.add()
        time.sleep(pause)
    crowd.close()
    return f"{crowd.count} connections, {crowd.most} at a time, {crowd.spoken} bytes"


def storm():
    end, n = time.monotonic() + SECONDS, 0
    while time.monotonic() < end:
        try:
            s = socket.create_connection((HOST, PORT), 1)
            # closed with a reset
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", n % 2, 0))
            s.close()
            n += 1
        except OSError:
            pass
    return f"{n} connections"


noise = [os.urandom(65536) for _ in range(8)]
hello = greeting() + ready()
ATTACKS = {
    "500 that say nothing": lambda: play(500, lambda i: b"", times=3),
    "random bytes": lambda: play(16, lambda i: noise[i % 8], leave=True),
    "a greeting cut at each byte": lambda: play(65, lambda i: greeting()[: i % 65], leave=True),
    "a greeting that stays cut": lambda: play(65, lambda i: greeting()[: i % 65]),
    "a greeting, then noise": lambda: play(16, lambda i: greeting(rng.choice([b"NULL", b"CURVE", b"PLAIN", b"X"])) + noise[i % 8], leave=True),
    "a handshake without a key": lambda: play(100, lambda i: hello),
    "a CURVE handshake of noise": lambda: play(32, lambda i: greeting(b"CURVE") + command(b"HELLO", noise[i % 8][:194]), leave=True),
    "frames of any length": lambda: play(16, lambda i: hello + b"\x02" + struct.pack(">Q", 1 << rng.randrange(63)) + noise[i % 8], leave=True),
    "frames of two MiB": lambda: play(4, lambda i: hello + b"\x02" + struct.pack(">Q", 2 << 20) + noise[0] * 32, leave=True),
    "small frames without end": lambda: play(4, lambda i: hello + b"".join(b"\x00\x20" + noise[0][32 * k : 32 * k + 32] for k in range(2000)) * 16, leave=True),
    "200 that speak a byte at a time": lambda: play(200, lambda i: hello + noise[0], at_once=1, pause=0.05),
    "connections that come and go": storm,
}

while True:
    for name, attack in ATTACKS.items():
        print(f"{name}: {attack()}", flush=True)
    print("round", flush=True)
