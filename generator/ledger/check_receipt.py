"""Checks a receipt, with Python and nothing else: docs/receiver.md explains each step."""

import base64
import hashlib
import json
import sys


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


receipt = json.load(open(sys.argv[1], encoding="utf-8"))
event = json.dumps(receipt["event"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
node = sha256(b"\x00", sha256(base64.b64decode(receipt["nonce"]), event.encode()))

origin, size, root, end = receipt["log"]["checkpoint"].split("\n")
at, last = receipt["log"]["index"], int(size) - 1
holds = 0 <= at <= last
for sibling in map(base64.b64decode, receipt["log"]["inclusion"]):
    holds = holds and last > 0
    if at % 2 or at == last:
        node = sha256(b"\x01", sibling, node)
        while at and at % 2 == 0:
            at, last = at // 2, last // 2
    else:
        node = sha256(b"\x01", node, sibling)
    at, last = at // 2, last // 2
holds = holds and last == 0 and node == base64.b64decode(root)

print("holds" if holds else "DOES NOT HOLD", "under the checkpoint of", origin, "at size", size)
sys.exit(not holds)
