"""A TCP proxy that does to a connection what networks do."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time

GREETINGS = (b"hello\0", b"ismaster\0", b"isMaster\0")


class Proxy:
    """Stands before a server on 127.0.0.1, on `port`; each of its faults can be switched at any time."""

    def __init__(self, server_port: int) -> None:
        # each so many-th reply is cut off, after its request went through; greetings are spared
        self.cut_every = 0
        self.is_silent = False  # takes everything, passes nothing on
        self.latency = 0.0  # seconds before each reply
        self.replies = self.cuts = 0
        self._server_port = server_port
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._greetings: set[bytes] = set()  # numbers of the requests with which a driver looks for a server
        self._listener: socket.socket | None = None
        self.port = 0
        self.accept()

    def accept(self) -> None:
        """Answers again, on the same port."""
        listener = socket.create_server(("127.0.0.1", self.port))
        self.port, self._listener = listener.getsockname()[1], listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def refuse(self) -> None:
        """Nobody answers, and every connection is broken."""
        listener, self._listener = self._listener, None
        if listener:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
            listener.close()
        with self._lock:
            for connection in list(self._open):
                _close(connection)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
                server = socket.create_connection(("127.0.0.1", self._server_port))
            except OSError:
                return
            with self._lock:
                self._open |= {client, server}
            for way in (self._pass_requests, self._pass_replies):
                threading.Thread(target=way, args=(client, server), daemon=True).start()

    def _pass_requests(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while request := _message(client):
                if any(word in request[:64] for word in GREETINGS):
                    self._greetings.add(request[4:8])
                if not self.is_silent:
                    server.sendall(request)
        self._end(client, server)

    def _pass_replies(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while reply := _message(server):
                if self._is_cut(reply):
                    break
                time.sleep(self.latency)
                if not self.is_silent:
                    client.sendall(reply)
        self._end(client, server)

    def _is_cut(self, reply: bytes) -> bool:
        if reply[8:12] in self._greetings:
            return False
        with self._lock:
            self.replies += 1
            cut = self.cut_every > 0 and self.replies % self.cut_every == 0
            self.cuts += cut
            return cut

    def _end(self, *connections: socket.socket) -> None:
        for connection in connections:
            _close(connection)
            with self._lock:
                self._open.discard(connection)


def _message(connection: socket.socket) -> bytes:
    """One message of MongoDB's protocol, which begins with its length; b"" at the end."""
    head = _exactly(connection, 4)
    return head and head + _exactly(connection, struct.unpack("<i", head)[0] - 4)


def _exactly(connection: socket.socket, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = connection.recv(size - len(parts))
        if not part:
            return b""
        parts += part
    return bytes(parts)


def _close(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
