"""The README says what is so: its table is measured, its counts are counted, its commands exist."""

import re
import subprocess
import sys
from pathlib import Path

from dgm_course.homework.course import HOMEWORKS, homework
from dgm_course.zoo import markdown_table
from grading.pipeline.material.bank import misconceptions, right_styles
from grading.pipeline.material.notebooks import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_systems_table_is_the_zoo():
    begin, end = "<!-- systems: written by dgm_course.zoo.markdown_table -->\n", "\n<!-- end of systems -->"
    assert rounded(README.partition(begin)[2].partition(end)[0]) == rounded(markdown_table().strip())


def rounded(table):
    """Without the digits of the oracle errors, which every machine rounds in its own way."""
    return re.sub(r"(?<=\| )(0|\de−\d\d)(?= \|)", "ε", table)


def test_bank_is_as_large_as_it_says():
    said = " ".join(README.split())
    for work in map(homework, HOMEWORKS):
        wrong, right = len(list(misconceptions(work))), len(right_styles(work)) + 1
        assert re.search(rf"\b{wrong} (wrong versions )?for homework {work.id[2:]}\b", said)
        assert f"{right} differently built right ones" in said


def test_every_command_it_names_exists():
    for program in ("dgm", "dgm-grade"):
        shown = subprocess.run(
            [str(Path(sys.executable).with_name(program)), "--help"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for name in set(re.findall(rf"^{program} (\w+)", README, re.MULTILINE)):
            assert name in shown, f"{program} {name}"


def test_its_pictures_and_links_are_there():
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", README):
        assert (ROOT / target).exists(), target
