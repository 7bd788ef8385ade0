"""What stands in the gradebook for one hand-in after people have had their say."""

from dataclasses import dataclass
from datetime import datetime

NO_RESPONSE = "No response."  # nbgrader's words for a cell that was left as it was


@dataclass(frozen=True)
class Ledger:
    """What the gradebook holds for one hand-in, corrections by hand and a penalty for lateness included."""

    scores: dict[str, float]
    comments: dict[str, str]
    timestamp: datetime | None
    seconds_late: float
    penalty: float

    @property
    def total(self) -> float:
        return max(sum(self.scores.values()) - self.penalty, 0.0)
