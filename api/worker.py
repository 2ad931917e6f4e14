"""The worker: one thread that polls, reads and computes, and others for what would make it wait.

gunicorn's own thread worker hands each connection from its poll to a thread and back, and its
threads fight for Python's lock; here requests take turns, each a greenlet until it is answered.
Only a whole request gets one, so that slow clients hold nobody up. `python -m tests.benchmarks`
has the figures.
"""

import gc
import os
import resource
import select
import signal
import time
from collections import deque
from collections.abc import Callable
from functools import partial

from gunicorn.workers.base import Worker as BaseWorker

from api.doors import Door
from api.exchange import Exchanges
from api.shares import Shares
from api.waiting import Hub
from api.wire import Connection

STOPS = {signal.SIGTERM, signal.SIGQUIT}
"""What tells a worker to stop."""
_ARRIVALS = select.EPOLLIN | select.EPOLLET


class Worker(BaseWorker):
    """Serves its listeners' clients; no more than `threads` requests start in a row.

    Who waits, for whatever it is, holds nobody up: so however many wait there is no turn that they
    keep from others. How long they may is for what they wait for to say.
    """

    shares: Shares
    place: int
    sample: Callable[[], None] = staticmethod(lambda: None)
    """What each worker does every second."""

    def init_signals(self) -> None:
        super().init_signals()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)  # What has come meanwhile too.

    def run(self) -> None:
        # What is here will stay; to look through it for rubbish took a twentieth of the time.
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)
        self._hub = Hub(self.cfg.threads)
        self._poll = select.epoll()
        for number in (self._hub.fd, self.PIPE[0]):
            self._poll.register(number, select.EPOLLIN)
        self._share = self.shares.at(self.place)
        self._doors: dict[int, Door] = {}
        for listener in self.sockets:
            exchanges = Exchanges(self.wsgi, listener.getsockname(), self.cfg)
            self._doors[listener.fileno()] = Door(listener, self._poll, exchanges, self._share)
        self._room = resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2  # Others need some too.
        self._connections: dict[int, Connection] = {}
        self._due: deque[Connection] = deque()
        while self.alive and os.getppid() == self.ppid:
            self._look_after()
            self._serve(until=time.monotonic() + 1)
        self._stop()

    def _serve(self, until: float) -> None:
        """Do what there is to do, until then, or a signal comes."""
        while (left := until - time.monotonic()) > 0:
            events = self._poll.poll(0 if self._hub.is_busy or self._due else left)
            for number, _ in events:
                if number == self._hub.fd:
                    self._hub.look()
                elif number in self._connections:
                    self._attend(self._connections[number])
                elif number in self._doors:
                    door = self._doors[number]
                    if not door.is_shy(idle=len(events) == 1):
                        self._let_in(door)
                elif number == self.PIPE[0]:
                    os.read(number, 4096)
                    until = 0
            self._hub.go_on()
            for _ in range(min(len(self._due), self.cfg.threads)):
                self._hub.start(partial(self._answer, self._due.popleft()))
            self._hub.go_last(idle=not events)

    def _let_in(self, door: Door) -> bool:
        """Whether a client was there."""
        if connection := door.let_in():
            self._connections[connection.sock.fileno()] = connection
            self._share.tell(len(self._connections))
            self._attend(connection)
            if len(self._connections) >= self._room:
                door.shut()
        return connection is not None

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
            del self._connections[connection.sock.fileno()]
            self._share.tell(len(self._connections))
            connection.sock.close()
        elif not connection.is_polled:
            connection.is_polled = True
            self._poll.register(connection.sock, _ARRIVALS)
        elif connection.is_parting:
            self._poll.modify(connection.sock, _ARRIVALS)  # Tell again if there is more.

    def _answer(self, connection: Connection) -> None:
        try:
            connection.answer(last=not self.alive)
        except Exception as error:
            try:  # Whatever it is, the others go on.
                self.refuse(connection, error)
            except Exception:
                self.log.exception("an error can't be said")
            connection.part()
        self._attend(connection)

    def refuse(self, connection: Connection, error: Exception) -> None:
        """Say to the client what it is that kept its bytes from being answered by the app."""
        raise NotImplementedError

    def _look_after(self) -> None:
        self.notify()
        self.sample()
        is_full = len(self._connections) >= self._room
        if self.alive and not is_full:
            for door in self._doors.values():
                door.open()
        for connection in list(self._connections.values()):
            # Who is idle may not keep out those who wait at the door.
            if connection.is_late(hurry=is_full or not self.alive):
                connection.give_up()

    def _stop(self) -> None:
        """Finish what has been accepted; refuse what has not, so that it doesn't hang."""
        self.alive = False
        for door in self._doors.values():
            while self._let_in(door):
                pass
            door.remove()
        grace = time.monotonic() + self.cfg.graceful_timeout
        while self._connections and time.monotonic() < grace:
            self._look_after()
            self._serve(until=time.monotonic() + 0.1)
