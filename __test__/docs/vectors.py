# The vectors that a receiver and sender with the default delimiter and no limit has to pass, against the module
# of docs/wire-format.md. Run by wire.test.js: python3 vectors.py DIRECTORY
import json
import os
import sys

import node_ipc


def cases(name):
    with open(os.path.join(sys.argv[1], name + ".json"), encoding="utf-8") as file:
        return json.load(file)["cases"]


read = written = 0
for case in cases("decode"):
    if case.keys() & {"delimiter", "maxMessageBytes", "end"}:
        continue
    whole = b"".join(bytes.fromhex(chunk) for chunk in case["chunks"])
    for chunks in ([whole], [whole[i : i + 1] for i in range(len(whole))]):
        decoder = node_ipc.Decoder()
        seen = [message for chunk in chunks for message in decoder.feed(chunk)]
        expected = [
            (one["message"]["type"], one["message"].get("data")) if "message" in one else None
            for one in case["expect"]
        ]
        assert seen == expected, (case["name"], seen)
    read += 1

for case in cases("encode"):
    given = [case["data"]] if "data" in case else []
    frame = node_ipc.encode(case["type"], *given)
    wanted = bytes.fromhex(case["bytes"])
    assert frame.endswith(b"\f") and frame.count(b"\f") == 1, case["name"]
    assert json.loads(frame[:-1]) == json.loads(wanted[:-1]), (case["name"], frame)
    written += 1

print(f"{read} read, {written} written")
