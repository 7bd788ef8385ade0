"""What every worker was asked and what it answered, kept so that tests can ask again without the student's code.

    transcript = uint32 length (big endian) · index · frames, all compressed with zstandard
    index      = {"schema": 1, "sessions": [{"label", "fault", "usages", "exchanges": [[test, sizes of two frames]]}]}

A session is one worker. `Replay` answers a request that one of its tests has asked before in the same words, and says
of every other that it was never asked.
"""

import json
import struct
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from typing import Any

import zstandard

from grading.sandbox import wire
from grading.sandbox.outcome import Budget, Fault, Usage
from grading.sandbox.session import Worker

SCHEMA = 1
MAX_BYTES = 2**27  # of all frames of a hand-in; the reference of homework 1 needs 20 MB of them
LEVEL = 1  # a third less time than zstandard's own level, for 3 % more bytes
NEVER_ASKED = "the transcript holds no answer to this question"


class TranscriptError(Exception):
    """Bytes that are no transcript."""


@dataclass(frozen=True)
class Exchange:
    """One question of a test (no test asks while cells run) and its answer, as frames; no answer where it ended."""

    test: str
    request: bytes
    reply: bytes


@dataclass
class Session:
    """One worker from its first request to its end."""

    transcript: "Transcript" = field(repr=False, compare=False)
    label: str
    exchanges: list[Exchange] = field(default_factory=list)
    usages: list[Usage] = field(default_factory=list)
    fault: tuple[str, str] | None = None

    def keep(self, request: bytes, reply: bytes) -> None:
        self.exchanges.append(Exchange(self.transcript.asking, request, reply))
        self.transcript.grow(len(request) + len(reply))


@dataclass
class Transcript:
    """All that was said while one hand-in was graded; `asking` is the hidden test whose turn it is."""

    sessions: list[Session] = field(default_factory=list)
    asking: str = ""
    bytes: int = 0

    def session(self, label: str) -> Session:
        """Begin the record of a worker."""
        self.sessions.append(Session(self, label))
        return self.sessions[-1]

    def grow(self, size: int) -> None:
        """Count what is kept; a flood of answers is not kept at all."""
        self.bytes += size
        if self.bytes > MAX_BYTES:
            self.forget()

    def forget(self) -> None:
        """Let go of all frames, whoever still holds a session: a collector of cycles counts objects, not bytes."""
        for session in self.sessions:
            session.exchanges.clear()

    def dump(self) -> bytes:
        sessions, frames = [], []
        for session in self.sessions:
            exchanges = []
            for exchange in session.exchanges:
                exchanges.append([exchange.test, len(exchange.request), len(exchange.reply)])
                frames += [exchange.request, exchange.reply]
            usages = [astuple(usage) for usage in session.usages]
            sessions.append(
                {"label": session.label, "fault": session.fault, "usages": usages, "exchanges": exchanges}
            )
        index = json.dumps({"schema": SCHEMA, "sessions": sessions}).encode()
        return zstandard.compress(b"".join([struct.pack(">I", len(index)), index, *frames]), level=LEVEL)

    @classmethod
    def load(cls, packed: bytes) -> "Transcript":
        """The transcript that `dump` wrote; raises `TranscriptError` for anything else."""
        try:
            raw = memoryview(zstandard.decompress(packed, max_output_size=2 * MAX_BYTES))
            (length,) = struct.unpack(">I", raw[:4])
            index = json.loads(bytes(raw[4 : 4 + length]))
            if index["schema"] != SCHEMA:
                raise TranscriptError(f"its schema is {index['schema']!r}, this program reads {SCHEMA}")
            transcript, place = cls(), 4 + length
            for entry in index["sessions"]:
                session = transcript.session(entry["label"])
                session.fault = tuple(entry["fault"]) if entry["fault"] else None
                session.usages = [Usage(*usage) for usage in entry["usages"]]
                for test, asked, answered in entry["exchanges"]:
                    middle, end = place + asked, place + asked + answered
                    session.exchanges.append(Exchange(test, bytes(raw[place:middle]), bytes(raw[middle:end])))
                    place = end
        except (zstandard.ZstdError, struct.error, ValueError, KeyError, TypeError) as error:
            raise TranscriptError("it is no transcript") from error
        return transcript


def _words(test: str, kind: str, body: dict[str, Any]) -> tuple[str, bytes]:
    """What makes a request the same again: who asks, and what; not its number, nor what was dropped meanwhile."""
    said = {name: value for name, value in body.items() if name != "dropped"}
    return "" if kind == "run" else test, wire.pack(0, kind, said)


def parse(frame: bytes) -> wire.Frame:
    """A kept frame, taken apart as strictly as on the day when it came."""
    place = 0

    def read(size: int) -> bytearray:
        nonlocal place
        place += size
        return bytearray(frame[place - size : place])

    return wire.read(read)


class Recorded:
    """The connection to a worker that is long gone."""

    def __init__(self, transcript: Transcript, session: Session) -> None:
        self.transcript = transcript
        self.fault: Fault | None = None
        self.ending = session.fault
        self.usages = deque(session.usages or [Usage(0.0, 0.0, 0.0, 0.0)])
        self.answers: dict[tuple[str, bytes], deque[bytes]] = defaultdict(deque)
        for exchange in session.exchanges:
            request = parse(exchange.request)
            self.answers[_words(exchange.test, request.kind, request.body)].append(exchange.reply)

    def exchange(self, kind: str, body: dict[str, Any]) -> wire.Frame:
        if self.fault:
            raise self.fault
        kept = self.answers[_words(self.transcript.asking, kind, body)]
        if kept:
            reply = kept.popleft()
            if not reply:
                raise self.end("died", "the process closed its connection")
            return parse(reply)
        if kind == "run":  # without this cell, nothing that follows is what it was
            self.fault = Fault("unanswered", NEVER_ASKED)
        raise Fault("unanswered", NEVER_ASKED)

    def end(self, kind: str, what: str) -> Fault:
        self.fault = Fault(*(self.ending or (kind, what)))
        return self.fault

    def usage(self) -> Usage:
        return self.usages.popleft() if len(self.usages) > 1 else self.usages[0]

    def close(self) -> None:
        self.fault = self.fault or self.end("died", "the worker is closed")


class Replay:
    """In place of a sandbox: its workers say again what a transcript holds."""

    def __init__(self, transcript: Transcript, isolation: str) -> None:
        self.transcript = transcript
        self.isolation = isolation

    def worker(
        self, budget: Budget | None = None, files: Mapping[str, bytes] | None = None, label: str = ""
    ) -> Worker:
        """The worker of this label, or one that answers nothing."""
        kept = [session for session in self.transcript.sessions if session.label == label]
        return Worker(Recorded(self.transcript, kept[0] if kept else Session(self.transcript, label)))
