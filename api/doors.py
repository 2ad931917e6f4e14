"""Where clients come in: a listener takes them while there is room."""

import errno
import select
import socket
import time

from api.exchange import Exchanges
from api.shares import BETWEEN, Share
from api.wire import Connection

_FULL = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Door:
    """One listener, and who answers those who come to it. It is shut at first."""

    def __init__(
        self, listener: socket.socket, poll: select.epoll, exchanges: Exchanges, share: Share
    ) -> None:
        self._listener, self._poll, self._exchanges = listener, poll, exchanges
        self._share = share
        self._is_open = False
        listener.setblocking(False)
        # Its clients inherit it: a packet leaves at once.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def open(self) -> None:
        if not self._is_open:
            self._poll.register(self._listener, select.EPOLLIN)
        self._is_open = True

    def shut(self) -> None:
        """Let clients wait until there is room for them again."""
        if self._is_open:
            self._poll.unregister(self._listener)
        self._is_open = False

    def is_shy(self, *, idle: bool) -> bool:
        """Whether the client at the door is left to a worker that has fewer."""
        if self._share.has_room():
            return False
        if idle:
            time.sleep(BETWEEN)  # Else we'd look at the door all the time.
        return True

    def let_in(self) -> Connection | None:
        """Who comes first, if anybody does. Where the system has no room the door is shut."""
        try:
            sock, client = self._listener.accept()
        except OSError as error:
            if error.errno in _FULL:
                self.shut()
            return None
        return Connection(sock, client, self._exchanges)

    def remove(self) -> None:
        """Take no more clients, and refuse those who wait."""
        self.shut()
        self._listener.close()
