"""reseal.py - reseal.py FILE: changes one word of a policy file (who made it) and puts its digest right again, as
somebody who can write the file would (proto/README.md, the model file). Only a signature can tell."""

import hashlib
import json
import struct
import sys

path = sys.argv[1]
with open(path, "rb") as file:
    raw = file.read()
n = struct.unpack("<Q", raw[:8])[0]
header, data = json.loads(raw[8 : 8 + n]), raw[8 + n :]
meta = header["__metadata__"]
meta["run"] = "altered"
digest = hashlib.sha256()
for name in sorted(k for k in header if k != "__metadata__"):
    begin, end = header[name]["data_offsets"]
    digest.update(name.encode() + b"\n" + data[begin:end])
for key in sorted(k for k in meta if k != "digest"):
    digest.update(f"{key}={meta[key]}\n".encode())
meta["digest"] = digest.hexdigest()
text = json.dumps(header, separators=(",", ":")).encode()
text += b" " * (-len(text) % 8)
with open(path, "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + data)
