"""A transcript says again what a worker said, to the same questions only."""

import pytest
import torch

from dgm_course.testing import StudentError
from grading.sandbox import transcript as transcripts
from grading.sandbox.client import Cell
from grading.sandbox.transcript import Replay, Transcript, TranscriptError

SOURCE = """
class Counter:
    def __init__(self, start):
        self.count = start

    def next(self, x):
        self.count += 1
        return x + self.count

def fails():
    raise KeyError("secret")

def leaves():
    import os
    os._exit(0)

print("printed")
"""


def talk(source):
    """A conversation: what was printed, values, an exception, an end."""
    said = []
    with source.worker(label="one") as worker:
        source.transcript.asking = "test_a"
        said.append(worker.run(Cell("cell", SOURCE)).outputs)
        counter = worker.student.Counter(3)
        said += [counter.next(torch.arange(2.0)).tolist(), counter.next(torch.arange(2.0)).tolist()]
        for function in (worker.student.fails, worker.student.leaves, worker.student.fails):
            with pytest.raises(StudentError) as caught:
                function()
            said.append((caught.value.kind, caught.value.got))
        said.append(worker.usage())
    return said


@pytest.fixture
def recorded(sandbox):
    sandbox.transcript = Transcript()
    try:
        yield talk(sandbox), sandbox.transcript.dump()
    finally:
        sandbox.transcript = None


def test_a_replay_says_the_same(recorded):
    said, packed = recorded
    assert said[1:3] == [[4, 5], [5, 6]]
    assert said[3][0] == "raised"
    assert talk(Replay(Transcript.load(packed), "landlock")) == said


def test_another_question_has_no_answer(recorded):
    replay = Replay(Transcript.load(recorded[1]), "landlock")
    with replay.worker(label="one") as worker:
        replay.transcript.asking = "test_a"
        worker.run(Cell("cell", SOURCE))
        counter = worker.student.Counter(3)
        for question in (torch.arange(3.0), torch.arange(2.0, dtype=torch.float64)):
            with pytest.raises(StudentError) as caught:
                counter.next(question)
            assert caught.value.kind == "unanswered"
        assert counter.next(torch.arange(2.0)).tolist() == [4, 5]


@pytest.mark.parametrize(
    ("label", "asking", "source"),
    [("two", "test_a", SOURCE), ("one", "test_b", SOURCE), ("one", "test_a", SOURCE + "\n")],
)
def test_another_worker_test_or_cell_has_no_answer(recorded, label, asking, source):
    replay = Replay(Transcript.load(recorded[1]), "landlock")
    with replay.worker(label=label) as worker:
        worker.run(Cell("cell", source))
        replay.transcript.asking = asking
        with pytest.raises(StudentError) as caught:
            worker.student.Counter(3)
    assert caught.value.kind == "unanswered"


def test_what_was_kept_cannot_be_changed_by_a_test(sandbox):
    """The tensors of an answer lie in the bytes that came."""
    sandbox.transcript = kept = Transcript()
    try:
        with sandbox.worker(label="one") as worker:
            worker.run(Cell("cell", "import torch\ndef one(): return torch.ones(3)"))
            worker.student.one().zero_()
    finally:
        sandbox.transcript = None
    assert transcripts.parse(kept.sessions[0].exchanges[-1].reply).body.tolist() == [1, 1, 1]


def test_a_flood_is_not_kept(sandbox, monkeypatch):
    monkeypatch.setattr(transcripts, "MAX_BYTES", 10_000)
    sandbox.transcript = kept = Transcript()
    try:
        with sandbox.worker(label="one") as worker:
            worker.run(Cell("cell", "import torch\ndef many(): return torch.ones(4000)"))
            assert worker.student.many().sum() == 4000
            worker.student.many()
    finally:
        sandbox.transcript = None
    assert len(kept.dump()) < 1000


@pytest.mark.parametrize("damage", [lambda _: b"", lambda b: b[:-9], lambda b: b[4:], lambda _: bytes(100)])
def test_garbage_is_no_transcript(recorded, damage):
    with pytest.raises(TranscriptError):
        Transcript.load(damage(recorded[1]))
