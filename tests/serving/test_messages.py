import socket
import threading

import pytest

from common.serving.exchange import (
    Question,
    Reply,
    receive_questions,
    receive_replies,
    send_questions,
    send_replies,
)
from common.serving.messages import receive, send
from common.serving.problems import Problem


@pytest.fixture
def ends():
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def test_a_message_arrives_as_it_was_sent_whatever_its_size(ends):
    blocks = [b"", b"\x00\xff" * 5, bytes(range(256)) * (3 << 12)]  # more than a socket holds
    sender = threading.Thread(target=send, args=(ends[0], {"a": ["ü", 1]}, blocks))
    sender.start()
    assert receive(ends[1]) == ({"a": ["ü", 1]}, blocks)
    sender.join()


def test_two_messages_are_told_apart(ends):
    send(ends[0], {"n": 1}, [b"x"])
    send(ends[0], {"n": 2}, [b"y"])
    assert [receive(ends[1]), receive(ends[1])] == [({"n": 1}, [b"x"]), ({"n": 2}, [b"y"])]


def test_a_message_that_breaks_off_is_no_message(ends):
    send(ends[0], {"n": 1}, [b"12345"])
    part = ends[1].recv(1 << 16)[:-2]
    torn, reader = socket.socketpair()
    with torn, reader:
        torn.sendall(part)
        torn.close()
        with pytest.raises(EOFError):
            receive(reader)


def test_questions_and_replies_keep_their_order_and_all_they_say(ends):
    questions = [
        Question(b"one", "application/json", "application/jsonlines", pages=True, n_best=2),
        Question(b"two", "image/png", "application/json", pages=False, n_best=1),
    ]
    send_questions(ends[0], questions)
    assert receive_questions(ends[1]) == questions
    replies = [
        Reply(problem=Problem(422, "unusable", "what", "do"), seconds={"read": 0.5}),
        Reply(b"body", seconds={"models": 1.5}, pages=3, streams=2),
    ]
    send_replies(ends[1], replies)
    refused, answered = receive_replies(ends[0])
    assert answered == replies[1]
    assert vars(refused.problem) == vars(replies[0].problem)
    assert refused.seconds == {"read": 0.5}
