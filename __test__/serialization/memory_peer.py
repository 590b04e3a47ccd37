# A peer of serialization 'advanced' that passes descriptors of any kind beside what it writes, for memory-peers.test.js. A line of
# JSON is a command, its answer is a line of JSON. Bytes are hexadecimal. Run by that test: python3 memory_peer.py
import array
import ctypes
import fcntl
import json
import os
import socket
import sys

SEALS = 0x2 | 0x4 | 0x8  # shrink, grow, write
ADD_SEALS = 1033
HUGE_PAGES = 0x4
KEEP_SIZE = 1

peer = None


def memfd(content, seals=SEALS, size=None, flags=0):
    descriptor = os.memfd_create("peer", os.MFD_ALLOW_SEALING | flags)
    if not flags:
        os.write(descriptor, content)
    if size is not None:
        os.ftruncate(descriptor, size)
    fcntl.fcntl(descriptor, ADD_SEALS, seals)
    return descriptor


def hidden_holes(content):
    """Nothing but a hole, and behind the file's end as many bytes as it should have."""
    descriptor = os.memfd_create("peer", os.MFD_ALLOW_SEALING)
    os.ftruncate(descriptor, len(content))
    start = ctypes.c_long(-(-len(content) // 4096) * 4096)
    ctypes.CDLL(None).fallocate(descriptor, KEEP_SIZE, start, ctypes.c_long(len(content)))
    fcntl.fcntl(descriptor, ADD_SEALS, SEALS)
    return descriptor


MAKE = {
    "memory": lambda content: memfd(content),
    "unsealed": lambda content: memfd(content, 0),
    "writable": lambda content: memfd(content, SEALS & ~0x8),
    "shrinking": lambda content: memfd(content, SEALS & ~0x2),
    "growing": lambda content: memfd(content, SEALS & ~0x4),
    "sparse": lambda content: memfd(b"", SEALS, len(content)),
    "hidden": hidden_holes,
    "empty": lambda content: memfd(b""),
    "file": lambda content: os.open(sys.executable, os.O_RDONLY),
    "device": lambda content: os.open("/dev/zero", os.O_RDWR),
    "pipe": lambda content: os.pipe()[0],
    "socket": lambda content: os.dup(peer.fileno()),
}


def can_have_huge_pages():
    try:
        os.close(memfd(b"", SEALS, 2 << 20, HUGE_PAGES))
        return True
    except OSError:
        return False


def connect(path, says):
    """Greets the server; returns what it has said."""
    global peer
    peer = socket.socket(socket.AF_UNIX)
    peer.connect(path)
    said = b""
    while not said.endswith(b"\f"):
        said += peer.recv(1)
    peer.sendall(said.replace(b'"memory":1', b'"memory":%d' % says))
    return said.decode()


def send(data, kind=None, content="", count=1):
    """Writes, with so many descriptors beside the first byte."""
    made = []
    if kind == "huge":
        made = [memfd(b"", SEALS, 2 << 20, HUGE_PAGES)]
    elif kind is not None:
        made = [MAKE[kind](bytes.fromhex(content)) for _ in range(count)]
    data = bytes.fromhex(data)
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", made))] if made else []
    sent = peer.sendmsg([data], rights)
    peer.sendall(data[sent:])
    for descriptor in made:
        os.close(descriptor)
    return True


def flood(data, size, count):
    """Writes so many times, each time with the same memory of `size` bytes."""
    descriptor = memfd(bytes(size))
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))]
    for _ in range(count):
        peer.sendmsg([bytes.fromhex(data)], rights)
    os.close(descriptor)
    return True


def receive(length):
    """The next bytes, and the content of the memory that comes along."""
    data, memory = b"", []
    while len(data) < length:
        more, rights, _, _ = peer.recvmsg(length - len(data), socket.CMSG_SPACE(64))
        if not more:
            break
        data += more
        for _, _, descriptors in rights:
            for descriptor in array.array("i", descriptors):
                size = os.fstat(descriptor).st_size
                memory.append([os.pread(descriptor, size, 0).hex(), fcntl.fcntl(descriptor, 1034)])
                os.close(descriptor)
    return [data.hex(), memory]


def end():
    """Whether the other side has closed the connection."""
    return peer.recv(1) == b""


COMMANDS = {f.__name__: f for f in [connect, send, flood, receive, end, can_have_huge_pages]}

print("true", flush=True)
for line in sys.stdin:
    name, *args = json.loads(line)
    try:
        answer = COMMANDS[name](*args)
    except OSError as error:
        answer = {"error": type(error).__name__}
    print(json.dumps(answer), flush=True)
