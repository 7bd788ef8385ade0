"""What grading one hand-in found, as plain data: points per hidden test, task and homework, signed as JSON.

Points are never stored as a claim: every score is the sum of the tests that passed, clamped to what the task
is worth, and is recomputed whenever a result is read.
"""

import hashlib
import hmac
import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from grading.pipeline.course.drafts import write_atomically
from grading.pipeline.course.errors import CourseError
from grading.pipeline.course.keys import subkey

SCHEMA = 1


class ResultError(CourseError):
    """A stored result cannot be believed; the message says which and why."""


@dataclass(frozen=True)
class TestResult:
    """One hidden test. `kind` is `passed`, `property`, or how the student's code failed.

    `picture` holds matrices by name ("got" beside "allowed"); tensors become nested lists.
    """

    __test__ = False  # for pytest, which collects by name

    name: str
    title: str
    points: float
    passed: bool
    expected: str = ""
    got: str = ""
    cause: str = ""
    read: str = ""
    kind: str = "passed"
    picture: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.picture is not None:
            plain = {name: getattr(item, "tolist", lambda i=item: i)() for name, item in self.picture.items()}
            object.__setattr__(self, "picture", plain)


@dataclass(frozen=True)
class TaskResult:
    """One task: its tests, what it used, and what its own cell showed.

    `follow_through` names the prerequisites that the reference stood in for; `misconception` is the docstring
    of the bank entry that failed the same tests: a title line, then the explanation. Of up to three entries it is all
    titles in one line, and then their docstrings.
    """

    id: str
    number: int
    title: str
    points: float
    tests: tuple[TestResult, ...]
    follow_through: tuple[str, ...] = ()
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    busy_seconds: float = 0.0
    peak_memory_mib: float = 0.0
    cpu_budget: float = 0.0
    misconception: str | None = None
    outputs: tuple[dict[str, Any], ...] = ()

    @property
    def score(self) -> float:
        """Points of the tests that passed, between 0 and the task's points."""
        earned = math.fsum(test.points for test in self.tests if test.passed)
        return min(max(earned, 0.0), float(self.points))


@dataclass(frozen=True)
class Result:
    """One graded hand-in; `notes` are plain sentences on what was odd about the file."""

    homework: str
    student: str
    max_score: float
    tasks: tuple[TaskResult, ...]
    notes: tuple[str, ...]
    isolation: str
    submission_sha256: str
    suite_sha256: str
    environment_sha256: str
    seed_sha256: str
    transcript_sha256: str = ""
    schema: int = field(default=SCHEMA)

    @property
    def score(self) -> float:
        """Points of all tasks, between 0 and the homework's points."""
        return min(math.fsum(task.score for task in self.tasks), self.max_score)

    @property
    def isolated(self) -> bool:
        """Whether the student's code ran confined."""
        return self.isolation != "UNISOLATED"

    def task(self, name: str) -> TaskResult:
        """The task with this id."""
        return next(task for task in self.tasks if task.id == name)

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON data, with the scores spelled out for readers that are not this program."""
        data = asdict(self) | {"score": self.score}
        for task, entry in zip(self.tasks, data["tasks"], strict=True):
            entry["score"] = task.score
        return data

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Result":
        """The result that `to_dict` wrote; raises `ResultError` for another schema or a wrong sum."""
        if data.get("schema") != SCHEMA:
            raise ResultError(f"its schema is {data.get('schema')!r}, this program reads {SCHEMA}")
        tasks = tuple(_task_from(entry) for entry in data["tasks"])
        fields = {name: value for name, value in data.items() if name not in ("score", "tasks", "notes")}
        result = cls(tasks=tasks, notes=tuple(data["notes"]), **fields)
        if result.score != data["score"]:
            raise ResultError(f"it says {data['score']} points, its tests add up to {result.score}")
        return result


def _task_from(entry: dict[str, Any]) -> TaskResult:
    fields = {name: value for name, value in entry.items() if name != "score"}
    fields["tests"] = tuple(TestResult(**test) for test in entry["tests"])
    return TaskResult(**fields | {name: tuple(entry[name]) for name in ("follow_through", "outputs")})


def canonical(data: dict[str, Any]) -> bytes:
    """The one spelling of JSON data that is hashed and signed."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def signature(result: Result, key: bytes) -> str:
    """HMAC-SHA256 of the result under the course key's subkey for results, in hexadecimal."""
    return _sign(result.to_dict(), key)


def _sign(data: dict[str, Any], key: bytes) -> str:
    return hmac.new(subkey(key, "results"), canonical(data), hashlib.sha256).hexdigest()


def result_path(course: Path, homework: str, student: str) -> Path:
    """Where the result of one hand-in is kept in a course folder."""
    return course / "results" / homework / f"{student}.json"


def write_result(result: Result, path: Path, key: bytes) -> None:
    """Write the signed result; a crash leaves the old file or the new one, never half of either."""
    data = result.to_dict()
    text = json.dumps(data | {"signature": _sign(data, key)}, indent=1, allow_nan=False)
    write_atomically(path, text.encode())


def read_result(path: Path, key: bytes) -> Result:
    """The result in a file; raises `ResultError` unless this course signed exactly these bytes' content."""
    try:
        data = json.loads(path.read_bytes())
        claimed = str(data.pop("signature"))
        if not hmac.compare_digest(claimed.encode(), _sign(data, key).encode()):
            raise ResultError("its signature is not this course's")
        return Result.from_dict(data)
    except ResultError as error:
        raise ResultError(f"{path.name} cannot be believed: {error}; delete it and grade again") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ResultError(f"{path.name} is not a result file; delete it and grade again") from None


def read_results(course: Path, homework: str, key: bytes) -> list[Result]:
    """Every result of a homework, in the order of student names."""
    folder = result_path(course, homework, "").parent
    return [read_result(path, key) for path in sorted(folder.glob("*.json"))]
