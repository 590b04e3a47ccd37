# Sockets of libzmq for the tests beside it: PixivUtil2's agent, or a controller, as a script of the test's. A line of
# JSON is a command, its answer is a line of JSON. Frames are hexadecimal. Run by peers.js: python3 zmq_peer.py
import json
import sys
import time

import zmq

context = zmq.Context()
sockets = {}


def connect(name, endpoint, heartbeat=0, identity=""):
    socket = context.socket(zmq.REQ)
    socket.setsockopt(zmq.LINGER, 0)
    if heartbeat:
        socket.setsockopt(zmq.HEARTBEAT_IVL, heartbeat)
        socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, 2000)
    if identity:
        socket.setsockopt(zmq.IDENTITY, identity.encode())
    socket.connect(endpoint)
    sockets[name] = socket


def bind(name, endpoint):
    socket = context.socket(zmq.ROUTER)
    socket.setsockopt(zmq.LINGER, 0)
    socket.bind(endpoint)
    sockets[name] = socket
    return socket.getsockopt(zmq.LAST_ENDPOINT).rstrip(b"\0").decode()


def send(name, frames):
    sockets[name].send_multipart([bytes.fromhex(frame) for frame in frames])


def receive(name, timeout=60_000):
    if not sockets[name].poll(timeout, zmq.POLLIN):
        return None
    return [frame.hex() for frame in sockets[name].recv_multipart()]


def ask(name, frames, timeout=60_000):
    """As PixivUtil2 asks: what does not come in time is given up, and the socket is not used any more."""
    started = time.monotonic()
    send(name, frames)
    answer = receive(name, timeout)
    return {"answer": answer, "ms": (time.monotonic() - started) * 1000}


def repeat(name, frames, count, timeout):
    """The same request again and again. How many were answered in time, and the longest time in ms."""
    longest = 0
    for done in range(count):
        result = ask(name, frames, timeout)
        if result["answer"] is None:
            return {"answered": done, "longest": timeout}
        longest = max(longest, result["ms"])
    return {"answered": count, "longest": longest}


def close(name):
    sockets.pop(name).close()


def sleep(ms):
    time.sleep(ms / 1000)


COMMANDS = {f.__name__: f for f in (connect, bind, send, receive, ask, repeat, close, sleep)}

print(json.dumps(zmq.zmq_version()), flush=True)
for line in sys.stdin:
    command, *arguments = json.loads(line)
    print(json.dumps(COMMANDS[command](*arguments)), flush=True)
context.destroy(0)
