"""How nbgrader is set up in a course of ours; a course's own `nbgrader_config.py` calls `configure`.

    from grading.nbgrader_config import configure

    configure(get_config())

Whatever the instructor writes below that line wins.
"""

import secrets

from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    ClearOutput,
    ComputeChecksums,
    LockCells,
    SaveAutoGrades,
    SaveCells,
)
from traitlets.config import Config

from grading.nbgrader_hooks import (
    FeedbackExporter,
    RebuildExporter,
    Skeletons,
    TrustedGrade,
    drop_links,
)


def configure(config: Config) -> None:
    """Put our release, grading and feedback steps into nbgrader's; no kernel is ever started."""
    config.GenerateAssignment.preprocessors = [
        LockCells,
        Skeletons,
        ClearOutput,
        ComputeChecksums,
        SaveCells,
        CheckCellMetadata,
    ]
    config.Autograde.exporter_class = RebuildExporter
    config.Autograde.pre_convert_hook = drop_links
    config.Autograde.sanitize_preprocessors = []  # the exporter takes nothing over that needs it
    config.Autograde.autograde_preprocessors = [
        TrustedGrade,
        SaveAutoGrades,
        AssignLatePenalties,
        CheckCellMetadata,
    ]
    config.GenerateFeedback.exporter_class = FeedbackExporter
    config.GenerateFeedback.preprocessors = []
    # Should anybody put Execute back: no student can write the tag that would skip a cell for full marks.
    config.Execute.skip_cells_with_tag = secrets.token_hex(16)
