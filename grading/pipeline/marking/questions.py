"""What a hidden test asked a student's code and what it got for an answer, in lines that a person can read."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from rich.console import Console
from torch import Tensor

from dgm_course.homework.course import Task
from grading.pipeline.marking.results import TaskResult
from grading.sandbox.transcript import Exchange, Session, Transcript, parse
from grading.sandbox.wire import Frame, Handle

SHOWN = 8  # numbers of a tensor
LENGTH = 100  # characters of a value
PLAIN: dict[str, Any] = {"markup": False, "highlight": False, "soft_wrap": True}


@dataclass(frozen=True)
class Question:
    """One exchange in words; `worker` says which of the processes was asked."""

    worker: str
    asked: str
    answered: str


def questions(transcript: Transcript, task_stem: str, test: str) -> Iterator[Question]:
    """What one hidden test asked, in order, of every worker that it had.

    Args:
        transcript: what was kept of one hand-in.
        task_stem: the file of the test without `test_`, such as `05_made`.
        test: the name of its function.
    """
    for session in transcript.sessions:
        for exchange in session.exchanges:
            request = parse(exchange.request)
            if exchange.test == f"test_{task_stem}::{test}" and request.kind == "call":
                yield Question(session.label, _asked(request), _answered(exchange, session))


def show_questions(console: Console, task: Task, result: TaskResult, transcript: Transcript) -> None:
    """Print every hidden test of a task with its verdict, and below it what it asked and heard."""
    for test in result.tests:
        console.print(f"{'✓' if test.passed else '✗'} {test.title} ({test.points:g})", **PLAIN)
        worker = ""
        for question in questions(transcript, task.stem, test.name):
            if question.worker != worker:
                worker = question.worker
                console.print(f"    asked of the worker for {worker}:", **PLAIN)
            console.print(f"      {question.asked} → {question.answered}", **PLAIN)
        if not test.passed:
            for part in ("expected", "got", "cause"):
                console.print(f"    {part}: {getattr(test, part)}", **PLAIN)


def _asked(request: Frame) -> str:
    body = request.body
    arguments = [shown(value) for value in body["args"]]
    arguments += [f"{name}={shown(value)}" for name, value in body["kwargs"].items()]
    if body["through"]:
        return f"{body['through']}({', '.join([shown(body['function']), *arguments])})"
    return f"{shown(body['function'])}({', '.join(arguments)})"


def _answered(exchange: Exchange, session: Session) -> str:
    if not exchange.reply:
        return session.fault[1] if session.fault else "nothing"
    reply = parse(exchange.reply)
    if reply.kind == "error" and isinstance(reply.body, dict):
        return (
            f"{reply.body.get('kind')}: {reply.body.get('type')}, line {reply.body.get('line')} of its cell"
        )
    return shown(reply.body)


def shown(value: Any) -> str:
    """A value of a frame: small tensors by their numbers, large ones by shape, objects of the worker by number.

    Example:
        >>> shown((torch.zeros(2, 3), torch.zeros(5, 7), Handle(4, "log_prob"), 0.25))
        '(tensor(2, 3)[0, 0, 0, 0, 0, 0], tensor(5, 7), object 4.log_prob, 0.25)'
    """
    text = _shown(value)
    return text if len(text) <= LENGTH else text[: LENGTH - 1] + "…"


def _shown(value: Any) -> str:
    match value:
        case Tensor():
            numbers = (
                [f"{n:.6g}" for n in value.flatten().double().tolist()] if value.numel() <= SHOWN else []
            )
            shape = ", ".join(map(str, value.shape))
            return f"tensor({shape})" + (f"[{', '.join(numbers)}]" if numbers else "")
        case Handle():
            name = f"object {value.target}" if isinstance(value.target, int) else value.target
            return f"{name}.{value.method}" if value.method else name
        case torch.Generator():
            return f"Generator(seed {value.initial_seed()})"
        case tuple():
            return f"({', '.join(map(_shown, value))})"
        case list():
            return f"[{', '.join(map(_shown, value))}]"
        case dict():
            return f"{{{', '.join(f'{_shown(key)}: {_shown(item)}' for key, item in value.items())}}}"
    return ascii(value)
