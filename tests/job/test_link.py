import socket
import threading

import pytest

from common.job.link import BEAT, ENDED, FAILED, Link, receive_frame, send_frame


def ignore(*told):
    pass


@pytest.fixture
def ends():
    """A link, which has heard that the other end was ended, and the other end."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        other = socket.create_connection(server.getsockname())
        connection, _ = server.accept()
    heard = threading.Event()
    link = Link("other", connection, ignore, lambda *told: heard.set(), ignore)
    send_frame(other, ENDED, b"word")
    assert heard.wait(10)
    with other:
        yield link, other
    link.close(0)


def test_the_last_word_arrives_though_the_other_end_still_shows_that_it_is_alive(ends):
    """Closed with something unread, a connection is reset: its other end then reads an error."""
    link, other = ends
    send_frame(other, BEAT)
    link.send(FAILED, b"why")
    closing = threading.Thread(target=link.close, args=(10,))
    closing.start()
    assert receive_frame(other, 10) == (FAILED, b"why")
    assert other.recv(1) == b""
    other.close()
    closing.join(5)
    assert not closing.is_alive()


def test_one_that_does_not_close_is_not_waited_for_beyond_patience(ends):
    link, _ = ends
    closing = threading.Thread(target=link.close, args=(0.2,))
    closing.start()
    closing.join(5)
    assert not closing.is_alive()
