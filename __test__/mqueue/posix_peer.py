# Message queues of the C library, by posix_ipc, for the tests beside it; and both sides of AppView's protocol on them. A line of
# JSON is a command, its answer is a line of JSON. Bytes are hexadecimal. Run by posix-ipc.js: python3 posix_peer.py
import json
import sys
import time

import posix_ipc

PATIENCE = 60
queues = {}


def failure(error):
    """What kind of error it is."""
    return {"error": type(error).__name__, "message": str(error)}


def open_queue(name, create=False, exclusive=False, maxmsg=10, msgsize=8192, mode=0o600):
    flags = (posix_ipc.O_CREAT if create else 0) | (posix_ipc.O_EXCL if exclusive else 0)
    sizes = {"max_messages": maxmsg, "max_message_size": msgsize} if create else {}
    queues[name] = posix_ipc.MessageQueue(name, flags, mode, **sizes)
    return True


def attributes(name):
    queue = queues[name]
    return [queue.max_messages, queue.max_message_size, queue.current_messages]


def send(name, data, priority=0, timeout=PATIENCE):
    queues[name].send(bytes.fromhex(data), timeout, priority)
    return True


def receive(name, timeout=PATIENCE):
    data, priority = queues[name].receive(timeout)
    return [data.hex(), priority]


def receive_all(name, count):
    return [receive(name) for _ in range(count)]


def close(name):
    queues.pop(name).close()
    return True


def unlink(name):
    posix_ipc.unlink_message_queue(name)
    return True


# AppView, as its description has it, with framing of its own.


def names(prefix, pid):
    return f"/{prefix}In.{pid}", f"/{prefix}Out.{pid}"


def pieces(text, size, meta, end):
    """META NUL data, and what a frame ends with."""
    data = text.encode()
    left = len(data)
    while True:
        for more in (False, True):
            head = meta(more, left).encode() + b"\0"
            room = size - len(head) - len(end)
            if more or left <= room:
                break
        part, data = data[:room], data[room:]
        yield head + part + end
        left -= len(part)
        if not left:
            return


def compact(**fields):
    return json.dumps(fields, separators=(",", ":"))


def joined(queue, is_last, tail):
    texts, metas = [], []
    while True:
        frame, _ = queue.receive(PATIENCE)
        head, _, data = frame.partition(b"\0")
        metas.append(json.loads(head))
        texts.append(data[: len(data) - tail])
        if is_last(metas[-1]):
            return b"".join(texts).decode(), metas


def appview_ask(prefix, pid, text, uniq=4711):
    """As the command line: makes both queues, asks, joins the answer, removes both."""
    made = []
    try:
        for name in names(prefix, pid):
            made.append(posix_ipc.MessageQueue(name, posix_ipc.O_CREX, 0o666, 10, 8192))
        into, out = made
        meta = lambda more, left: compact(req=int(more), uniq=uniq, remain=left)
        for frame in pieces(text, 8192, meta, b"\0"):
            into.send(frame, PATIENCE)
        answer, metas = joined(out, lambda meta: meta["status"] != 206, 0)
        return {"text": answer, "metas": metas}
    finally:
        for queue in made:
            queue.close()
            queue.unlink()


def appview_serve(prefix, pid, text):
    """As the library: waits for the queues, takes a request, answers it."""
    into_name, out_name = names(prefix, pid)
    end = time.monotonic() + PATIENCE
    while True:
        try:
            into = posix_ipc.MessageQueue(into_name, write=False)
            out = posix_ipc.MessageQueue(out_name, read=False)
            break
        except posix_ipc.ExistentialError:
            assert time.monotonic() < end
            time.sleep(0.001)
    request, metas = joined(into, lambda meta: meta["req"] == 0, 1)
    meta = lambda more, left: compact(status=206 if more else 200, uniq=metas[-1]["uniq"], remain=left)
    for frame in pieces(text, out.max_message_size, meta, b""):
        out.send(frame, PATIENCE)
    sizes = [into.max_messages, into.max_message_size, out.max_messages, out.max_message_size]
    into.close()
    out.close()
    return {"request": request, "metas": metas, "sizes": sizes}


COMMANDS = {
    f.__name__: f
    for f in (
        *(open_queue, attributes, send, receive, receive_all, close, unlink),
        *(appview_ask, appview_serve),
    )
}

print(json.dumps(posix_ipc.VERSION), flush=True)
for line in sys.stdin:
    command, *arguments = json.loads(line)
    try:
        answer = COMMANDS[command](*arguments)
    except (posix_ipc.Error, OSError, ValueError) as error:
        answer = failure(error)
    print(json.dumps(answer), flush=True)
