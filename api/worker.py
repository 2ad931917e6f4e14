"""The worker: one thread that polls, reads and computes, and others for what would make it wait.

gunicorn's own thread worker hands each connection from its poll to a thread and back, and its
threads fight for Python's lock; here requests take turns, each a greenlet until it is answered.
Only a whole request gets one, so that slow clients hold nobody up. `python -m tests.benchmarks`
has the figures.
"""

import errno
import gc
import os
import resource
import select
import socket
import struct
import time
from collections import deque
from functools import partial

from gunicorn.workers.base import Worker as BaseWorker

from api.exchange import Exchanges
from api.shares import Shares
from api.waiting import Hub
from api.wire import Connection

SHY = 0.003
"""Seconds in which another worker may take a client that would be too many here."""
STALLED = 10
"""Seconds for a client that takes nothing of its answer."""
_ARRIVALS = select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLET
_FULL = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Worker(BaseWorker):
    """Serves its listeners' clients; of their requests no more than `threads` at once."""

    shares: Shares
    place: int

    def run(self) -> None:
        # What is here will stay; to look through it for rubbish took a twentieth of the time.
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)
        self._hub = Hub(self.cfg.threads)
        self._poll = select.epoll()
        self._connections: dict[int, Connection] = {}
        self._due: deque[Connection] = deque()
        self._free = self.cfg.threads
        self._shy_until = 0.0
        self._listeners = {listener.fileno(): listener for listener in self.sockets}
        self._paused = set(self._listeners)
        self._most = resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2
        self._exchanges: dict[int, Exchanges] = {}
        for listener in self.sockets:
            exchanges = Exchanges(self.wsgi, listener.getsockname(), self.cfg)
            self._exchanges[listener.fileno()] = exchanges
            listener.setblocking(False)
            # Clients inherit these: a packet leaves at once, and nobody waits for ever to send.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            stalled = struct.pack("ll", STALLED, 0)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, stalled)
        for number in (self._hub.fd, self.PIPE[0]):
            self._poll.register(number, select.EPOLLIN)
        while self.alive and os.getppid() == self.ppid:
            self._look_after()
            self._serve(until=time.monotonic() + 1)
        self._stop()

    def _serve(self, until: float) -> None:
        """Do what there is to do, until then, or a signal comes."""
        while (left := until - time.monotonic()) > 0:
            events = self._poll.poll(0 if self._hub.is_patient else left)
            for number, _ in events:
                if number in self._connections:
                    self._attend(self._connections[number])
                elif number in self._listeners:
                    if self._may_accept(idle=len(events) == 1):
                        self._accept(self._listeners[number])
                elif number == self.PIPE[0]:
                    os.read(number, 4096)
                    until = 0
            self._hub.go_on()
            while self._due and self._free:
                self._free -= 1
                self._hub.start(partial(self._answer, self._due.popleft()))
            self._hub.go_last(idle=not events)

    def _may_accept(self, *, idle: bool) -> bool:
        """Whether to take a client now, or leave it for a moment to a worker that has fewer."""
        now = time.monotonic()
        if self.shares.have_room(self.place):
            self._shy_until = now + SHY
        elif now < self._shy_until:
            if idle:
                time.sleep(SHY / 10)
            return False
        return True

    def _accept(self, listener: socket.socket) -> bool:
        """Whether a client was there."""
        try:
            sock, client = listener.accept()
        except OSError as error:
            if error.errno in _FULL:
                self._pause(listener)
            return False
        connection = Connection(sock, client, self._exchanges[listener.fileno()])
        self._connections[sock.fileno()] = connection
        self.shares.tell(self.place, len(self._connections))
        if len(self._connections) >= self._most:
            self._pause(listener)
        self._attend(connection)
        return True

    def _attend(self, connection: Connection) -> None:
        """Take in what has come; what is whole will be answered."""
        if connection.is_due:
            return
        try:
            is_there = connection.read()
        except OSError as error:
            self.log.debug("a client has gone: %s", error)
            is_there = False
        if connection.is_due:
            self._due.append(connection)
        elif not is_there:
            self._close(connection)
        elif not connection.is_polled:
            connection.is_polled = True
            self._poll.register(connection.sock, _ARRIVALS)

    def _answer(self, connection: Connection) -> None:
        stays = False
        try:
            stays = connection.answer(last=not self.alive)
        except OSError as error:
            self.log.debug("a client has gone: %s", error)
        except Exception as error:  # Whatever it was, the others go on.
            self.handle_error(None, connection.sock, connection.client, error)
            stays = connection.part()
        self._free += 1
        if stays:
            self._attend(connection)
        else:
            self._close(connection)

    def _close(self, connection: Connection) -> None:
        del self._connections[connection.sock.fileno()]
        self.shares.tell(self.place, len(self._connections))
        connection.sock.close()

    def _pause(self, listener: socket.socket) -> None:
        """Let clients wait until there is room for them again."""
        if listener.fileno() not in self._paused:
            self._paused.add(listener.fileno())
            self._poll.unregister(listener)

    def _look_after(self) -> None:
        self.notify()
        for number in list(self._paused):
            if len(self._connections) < self._most:
                self._paused.remove(number)
                self._poll.register(number, select.EPOLLIN)
        for connection in list(self._connections.values()):
            if connection.is_late(stopping=not self.alive):
                connection.give_up()

    def _stop(self) -> None:
        """Finish what has been accepted; refuse what has not, so that it doesn't hang."""
        for listener in self.sockets:
            self._pause(listener)
            while self._accept(listener):
                pass
            listener.close()
        self._paused.clear()
        grace = time.monotonic() + self.cfg.graceful_timeout
        while self._connections and time.monotonic() < grace:
            self._look_after()
            self._serve(until=time.monotonic() + 0.1)
