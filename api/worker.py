"""The worker: threads that take turns at one poll, each answering what it finds there itself.

gunicorn's own thread worker hands each connection from its poll to a thread and back, and waits in
that thread for the rest of a slow request. Here nothing is handed over, and only a whole request
has a thread. `python -m tests.benchmarks` has the figures.
"""

import errno
import os
import resource
import select
import socket
import struct
import time
from contextlib import suppress
from threading import Thread

from gunicorn.workers.base import Worker as BaseWorker

from api.wire import Connection

STALLED = 10
"""Seconds for a client that takes nothing of its answer."""
_ONCE = select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLONESHOT
_FULL = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Worker(BaseWorker):
    """Leader and followers: whoever finds a connection ready in the poll has it to themselves."""

    def run(self) -> None:
        self._poll = select.epoll()
        self._connections: dict[int, Connection] = {}
        self._listeners = {listener.fileno(): listener for listener in self.sockets}
        self._most = resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2
        self._paused = set(self._listeners)
        for listener in self.sockets:
            listener.setblocking(False)
            # Clients inherit these: a packet leaves at once, and one that takes nothing of its
            # answer can't keep a thread for ever.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            listener.setsockopt(
                socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", STALLED, 0)
            )
        for _ in range(self.cfg.threads):
            Thread(target=self._serve, daemon=True).start()
        while self.alive and os.getppid() == self.ppid:
            self._look_after(pause=1)
        self._stop()

    def _look_after(self, pause: float) -> None:
        self.notify()
        for number in list(self._paused):
            if len(self._connections) < self._most:
                self._paused.remove(number)
                self._poll.register(number, select.EPOLLIN | select.EPOLLEXCLUSIVE)
        if select.select([self.PIPE[0]], [], [], pause)[0]:
            os.read(self.PIPE[0], 4096)  # A signal came.
        for connection in list(self._connections.values()):
            if connection.is_late(stopping=not self.alive):
                self._give_up(connection)

    def _give_up(self, connection: Connection) -> None:
        """Let the connection end as if its client had: a thread will find it in the poll."""
        with suppress(OSError):  # It may have gone by itself.
            connection.sock.shutdown(socket.SHUT_RDWR if connection.is_due else socket.SHUT_RD)

    def _stop(self) -> None:
        """Finish what has been accepted; refuse what has not, so that it doesn't hang."""
        for listener in self.sockets:
            self._pause(listener)
            while connection := self._accept(listener):
                self._await(connection)
            listener.close()
        self._paused.clear()
        grace = time.monotonic() + self.cfg.graceful_timeout
        while self._connections and time.monotonic() < grace:
            self._look_after(pause=0.1)

    def _serve(self) -> None:
        while True:
            for number, _ in self._poll.poll(maxevents=1):
                listener = self._listeners.get(number)
                connection = self._accept(listener) if listener else self._connections.get(number)
                if connection and self._attend(connection):
                    self._await(connection)
                elif connection:
                    del self._connections[connection.sock.fileno()]
                    connection.sock.close()

    def _accept(self, listener: socket.socket) -> Connection | None:
        try:
            sock, client = listener.accept()
        except OSError as error:
            if error.errno in _FULL:
                self._pause(listener)
            return None
        connection = Connection(sock, client, listener.getsockname(), self.cfg)
        self._connections[sock.fileno()] = connection
        if len(self._connections) >= self._most:
            self._pause(listener)
        return connection

    def _pause(self, listener: socket.socket) -> None:
        """Let clients wait until there is room for them again."""
        if listener.fileno() not in self._paused:
            self._paused.add(listener.fileno())
            self._poll.unregister(listener)

    def _await(self, connection: Connection) -> None:
        """Leave the connection to the poll: from here on it is another thread's."""
        arm = self._poll.modify if connection.polled else self._poll.register
        connection.polled = True
        arm(connection.sock, _ONCE)

    def _attend(self, connection: Connection) -> bool:
        """Take in what has come, and answer what is whole. Whether the connection stays open."""
        try:
            while connection.read():
                if not connection.is_due:
                    return True
                if not connection.answer(self.wsgi, last=not self.alive):
                    return False
        except OSError as error:
            self.log.debug("a client has gone: %s", error)
        except Exception as error:  # Whatever it was, the thread goes on.
            self.handle_error(None, connection.sock, connection.client, error)
            return connection.part()
        return False
