"""Takes part in attacks on attestation: speaks the Workload API over a socket that was inherited.

usage: attack.py KIND SOCKET TRUSTED

`honest` asks for itself. `becomes-another` connects and executes TRUSTED, which goes on with this
script on the same socket. Every other KIND connects as this program, forks a child that keeps the socket, and then executes the
program TRUSTED in the process that connected. The child says in one JSON line what it got.
"""

import json
import os
import select
import socket
import sys
import time
import urllib.parse

import h2.config
import h2.connection
import h2.events

kind, path, trusted = sys.argv[1:]


def request(connection):
    stream = connection.get_next_available_stream_id()
    connection.send_headers(
        stream,
        [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", "/SpiffeWorkloadAPI/FetchX509SVID"),
            (":authority", "localhost"),
            ("content-type", "application/grpc"),
            ("te", "trailers"),
            ("workload.spiffe.io", "true"),
        ],
    )
    connection.send_data(stream, b"\0\0\0\0\0", end_stream=True)


class Client:
    def __init__(self, answers_pings=True, inherited=None):
        self.socket = socket.socket(socket.AF_UNIX, fileno=inherited)
        if inherited is None:
            self.socket.connect(path)
        self.socket.set_inheritable(True)
        self.answers_pings = answers_pings
        self.connection = h2.connection.H2Connection(h2.config.H2Configuration())
        self.connection.initiate_connection()

    def ask(self):
        request(self.connection)
        self.flush()

    def flush(self):
        try:
            self.socket.sendall(self.connection.data_to_send())
        except OSError:
            pass

    def answer(self):
        """Reads until the call has an answer."""
        got = {"message": 0, "status": None, "said": None}
        while True:
            try:
                piece = self.socket.recv(65536)
            except OSError:
                piece = b""
            if not piece:
                return got
            for event in self.connection.receive_data(piece):
                if isinstance(event, h2.events.DataReceived):
                    got["message"] += len(event.data)
                    if len(event.data) > 5:
                        return got
                if isinstance(event, (h2.events.ResponseReceived, h2.events.TrailersReceived)):
                    for name, value in event.headers:
                        name, value = (part.decode() if isinstance(part, bytes) else part for part in (name, value))
                        if name == "grpc-status":
                            got["status"] = int(value)
                        if name == "grpc-message":
                            got["said"] = urllib.parse.unquote(value)
                    if got["status"] is not None:
                        return got
            out = self.connection.data_to_send()
            if self.answers_pings or not out:
                self.socket.sendall(out)


def tell(**line):
    print(json.dumps(line), flush=True)


def told():
    """Waits for a line of the test."""
    sys.stdin.readline()


def becomes_trusted(parent):
    """Waits until the process that connected executes the trusted program."""
    wanted = os.stat(trusted)
    while True:
        now = os.stat(f"/proc/{parent}/exe")
        if (now.st_dev, now.st_ino) == (wanted.st_dev, wanted.st_ino):
            return
        time.sleep(0.01)


if kind == "goes-on":
    client = Client(inherited=int(path))
    client.ask()
    tell(**client.answer())
    sys.exit()

parent = os.getpid()
client = Client(answers_pings=kind != "silent")

if kind == "honest":
    client.ask()
    tell(**client.answer())
    sys.exit()

if kind == "becomes-another":
    # The server says something as soon as it has seen this program.
    client.socket.recv(1, socket.MSG_PEEK)
    descriptor = str(client.socket.fileno())
    # A program elsewhere does not find Python's modules by itself.
    places = {"PYTHONHOME": sys.base_prefix, "PYTHONPATH": os.pathsep.join(sys.path)}
    os.execve(trusted, [trusted, __file__, "goes-on", descriptor, "-"], os.environ | places)

# The process that connected sends the request, or leaves even that to the child.
if kind in ("asks-first", "silent"):
    client.ask()
if kind == "after-an-answer":
    client.ask()
    tell(first=client.answer())

if os.fork() == 0:
    becomes_trusted(parent)
    tell(ready=True)
    told()
    if kind in ("child-asks", "after-an-answer"):
        client.ask()
    tell(**client.answer())
    os._exit(0)

os.execv(trusted, [trusted, "600"])
