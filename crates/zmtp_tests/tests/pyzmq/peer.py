# Sockets of libzmq that play scenarios for the tests beside it: python3 peer.py SCENARIO ENDPOINT. Ends with 0 if all is as it
# should be. A line on standard output says that it has come to something; it goes on with lines of standard input.
import sys
import time

import zmq

scenario, place = sys.argv[1:]
context = zmq.Context()


def connected(kind, **options):
    socket = context.socket(kind)
    socket.linger = 0
    for name, value in options.items():
        socket.setsockopt(getattr(zmq, name), value)
    socket.connect(place)
    return socket


def bound(kind):
    socket = context.socket(kind)
    socket.linger = 0
    socket.bind(place)
    say(socket.getsockopt_string(zmq.LAST_ENDPOINT).rstrip('\0'))
    return socket


def say(line):
    print(line, flush=True)


def line():
    return sys.stdin.readline().strip()


def ask(socket, frames):
    socket.send_multipart(frames)
    assert socket.recv_multipart() == frames


LARGE = [bytes([n]) * 70_000 for n in range(20)]

if scenario == 'req':
    socket = connected(zmq.REQ)
    for frames in [[b'a'], [b'', b'b', b''], [b'x' * 255], [b'x' * 256], [b'y' * 1_000_000]]:
        ask(socket, frames)
elif scenario == 'large':
    ask(connected(zmq.REQ), LARGE)
elif scenario == 'many':
    sockets = [connected(zmq.REQ) for _ in range(40)]
    for turn in range(20):
        for number, socket in enumerate(sockets):
            socket.send_multipart([b'%d' % number, b'%d' % turn])
        for number, socket in enumerate(sockets):
            assert socket.recv_multipart() == [b'%d' % number, b'%d' % turn]
elif scenario == 'dealer':
    socket = connected(zmq.DEALER)
    for number in range(2000):
        socket.send_multipart([b'', b'%d' % number])
    for number in range(2000):
        assert socket.recv_multipart() == [b'', b'%d' % number]
elif scenario == 'heartbeats':
    socket = connected(zmq.REQ, HEARTBEAT_IVL=50, HEARTBEAT_TIMEOUT=3000, HEARTBEAT_TTL=3000)
    ask(socket, [b'a'])
    time.sleep(4)  # longer than either side waits for a PONG
    ask(socket, [b'b'])
elif scenario == 'silence':
    socket = connected(zmq.REQ)
    ask(socket, [b'a'])
    time.sleep(4)  # only our PINGs, and libzmq's answers
    ask(socket, [b'b'])
elif scenario == 'dealer-on-command':
    socket = connected(zmq.DEALER)
    socket.send_string(line())
    line()
elif scenario == 'flood':
    socket = connected(zmq.DEALER)
    while True:
        socket.send(b'x' * 5_000_000)
elif scenario == 'two-with-one-identity':
    first = connected(zmq.DEALER, IDENTITY=b'same')
    first.send(b'first 1')
    line()
    second = connected(zmq.DEALER, IDENTITY=b'same')
    second.send(b'second 1')
    say('second has sent')
    line()
    first.send(b'first 2')
    line()
    first.close()
    line()
    second.send(b'second 2')
    line()
elif scenario == 'router-two-with-one-identity':
    router = context.socket(zmq.ROUTER)
    router.bind(place)
    place = router.getsockopt_string(zmq.LAST_ENDPOINT).rstrip('\0')

    def heard():
        identity, text = router.recv_multipart()
        assert identity == b'same'
        return text.decode()

    first = connected(zmq.DEALER, IDENTITY=b'same')
    first.send(b'first 1')
    one = heard()
    second = connected(zmq.DEALER, IDENTITY=b'same')
    second.send(b'second 1')
    time.sleep(0.2)
    first.send(b'first 2')
    say(f'heard: {one}, {heard()}')
    line()
elif scenario in ('rep', 'router', 'bound-dealer'):
    socket = bound({'rep': zmq.REP, 'router': zmq.ROUTER, 'bound-dealer': zmq.DEALER}[scenario])
    while True:
        socket.send_multipart(socket.recv_multipart())
elif scenario == 'late-router':
    socket = bound(zmq.ROUTER)
    identity, empty, text = socket.recv_multipart()
    socket.send_multipart([identity, empty, b'to ' + text])
    late = socket.recv_multipart()
    say(f'has {late[-1].decode()}')
    two = socket.recv_multipart()
    for identity, empty, text in [late, two]:
        socket.send_multipart([identity, empty, b'to ' + text])
    while True:
        identity, empty, text = socket.recv_multipart()
        socket.send_multipart([identity, empty, b'to ' + text])
elif scenario == 'sub':
    socket = connected(zmq.SUB)
    line()
elif scenario == 'curve':
    server, _ = zmq.curve_keypair()
    public, secret = zmq.curve_keypair()
    socket = connected(zmq.REQ, CURVE_SERVERKEY=server, CURVE_PUBLICKEY=public, CURVE_SECRETKEY=secret)
    line()
elif scenario == 'plain':
    socket = connected(zmq.REQ, PLAIN_USERNAME=b'user', PLAIN_PASSWORD=b'secret')
    line()
else:
    sys.exit(f'no scenario is called {scenario}')
