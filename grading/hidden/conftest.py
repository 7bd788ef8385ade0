"""`pytest grading/hidden/hw1 --submission notebook.ipynb` runs the hidden tests on one notebook, sandboxed.

The grader itself hands its own suite to pytest; this file builds one for the command line.
"""

from pathlib import Path

import pytest

from dgm_course.homework.course import homework
from grading.pipeline.handins.rebuild import rebuild
from grading.pipeline.marking.suite import HiddenSuite
from grading.pipeline.material.notebooks import release_notebook
from grading.sandbox.client import Sandbox
from grading.sandbox.outcome import SandboxError


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("hidden tests")
    group.addoption("--submission", type=Path, help="the notebook to test")
    group.addoption("--student", default="student-01", help="whose secret inputs to draw")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    if any(isinstance(plugin, HiddenSuite) for plugin in config.pluginmanager.get_plugins()):
        config.option.tbstyle = "value"  # the grader looks at the exception, never at a traceback in words
        return
    path = config.getoption("--submission", default=None)
    if path is None or not path.is_file():
        raise pytest.UsageError("name the notebook to test: --submission path/to/hw1.ipynb")
    work = homework(_homework_of(config))
    rebuilt = rebuild(release_notebook(work), path.read_bytes())
    try:
        sandbox = Sandbox().__enter__()
    except SandboxError as error:
        raise pytest.UsageError(str(error)) from None
    config.add_cleanup(sandbox.__exit__)
    suite = HiddenSuite(
        sandbox, work, rebuilt.notebook, student=config.getoption("--student"), secret=b"command line"
    )
    config.pluginmanager.register(suite, "hidden-suite")


def _homework_of(config: pytest.Config) -> str:
    """The homework whose folder the command line names."""
    here = Path(__file__).parent
    names = {part for arg in config.args for part in Path(arg).parts if (here / part).is_dir()} - {"hidden"}
    if len(names) != 1:
        raise pytest.UsageError("name one homework's tests: pytest grading/hidden/hw1 --submission …")
    return names.pop()
