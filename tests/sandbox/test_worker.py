"""A worker runs cells as a notebook does, and answers calls as the functions would themselves."""

import base64
import math

import pytest
import torch

from dgm_course.testing import StudentError
from grading.sandbox.client import Cell


def texts(result, kind="stream"):
    """The stream texts, or the data bundles, of a cell's outputs."""
    return [out.get("text", out.get("data")) for out in result.outputs if out["output_type"] == kind]


# ── cells ──


def test_outputs_come_in_the_order_in_which_they_were_made(worker):
    source = "import sys\nprint('a')\ndisplay(1)\nprint('b', file=sys.stderr)\nprint('c')\n2 + 3"
    result = worker.run(Cell("order", source))
    kinds = [(out["output_type"], out.get("name")) for out in result.outputs]
    assert kinds == [
        ("stream", "stdout"),
        ("display_data", None),
        ("stream", "stderr"),
        ("stream", "stdout"),
        ("execute_result", None),
    ]
    assert texts(result) == ["a\n", "b\n", "c\n"]
    assert texts(result, "execute_result") == [{"text/plain": "5"}]


def test_a_semicolon_silences_a_result(worker):
    assert worker.run(Cell("quiet", "2 + 3;")).outputs == []


def test_a_figure_becomes_a_png(worker):
    result = worker.run(Cell("plot", "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"))
    (data,) = texts(result, "display_data")
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")


def test_scripts_do_not_leave_a_worker(worker):
    result = worker.run(
        Cell("svg", "from IPython.display import SVG, Javascript\ndisplay(Javascript('alert(1)'))")
    )
    assert all("javascript" not in mime for data in texts(result, "display_data") for mime in data)


@pytest.mark.parametrize(
    "source", ["%timeit -n1 -r1 1", "%matplotlib inline", "x = %pwd", "await __import__('asyncio').sleep(0)"]
)
def test_what_notebooks_may_do_works(worker, source):
    assert worker.run(Cell("magic", source)).error is None


@pytest.mark.parametrize(
    "source", ["!pip install x", "files = !ls", "%%bash\nls", "%%python\n1", "%pip install x"]
)
def test_other_programs_are_left_out_with_a_word(worker, source):
    result = worker.run(Cell("program", source))
    assert result.error is None
    assert "No other program runs while grading" in texts(result)[0]


@pytest.mark.parametrize(
    "source",
    [
        "import dgm_course.data, dgm_course.plots, dgm_course.homework, dgm_course.testing",
        "from sklearn.datasets import load_digits; load_digits()",
        "from tqdm.auto import tqdm; [i for i in tqdm(range(3))]",
        "import threading; t = threading.Thread(target=print); t.start(); t.join()",
        "import scipy.integrate, scipy.optimize, pandas",
        "import torch, numpy; torch.save(torch.ones(2), 'a.pt'); torch.load('a.pt'); numpy.save('a', numpy.ones(2))",
        "import tempfile; tempfile.TemporaryDirectory().cleanup(); tempfile.TemporaryFile()",
        "import torch; torch.set_num_threads(4); torch.randn(300, 300) @ torch.randn(300, 300)",
    ],
)
def test_what_homeworks_need_works(worker, source):
    assert worker.run(Cell("need", source)).error is None


def test_a_network_trains(worker):
    source = """
import torch
net = torch.nn.Linear(3, 1)
optimiser = torch.optim.Adam(net.parameters(), lr=0.1)
for _ in range(60):
    x = torch.randn(16, 3)
    loss = (net(x) - x.sum(1, keepdim=True)).square().mean()
    optimiser.zero_grad(); loss.backward(); optimiser.step()
def final(): return loss
"""
    assert worker.run(Cell("train", source)).error is None
    assert worker.student.final() < 1


@pytest.mark.parametrize(
    ("source", "kind", "line", "lineno"),
    [
        ("x = 1\ny = x / 0", "ZeroDivisionError", "y = x / 0", 2),
        ("def f():\n    return {}['a']\nf()", "KeyError", "return {}['a']", 2),
        ("import math\nmath.sqrt(-1)", "ValueError", "math.sqrt(-1)", 2),
        ("x = (\n", "SyntaxError", "x = (", 1),
        ("import sys\nsys.exit(0)", "SystemExit", "sys.exit(0)", 2),
        ("raise KeyboardInterrupt", "KeyboardInterrupt", "raise KeyboardInterrupt", 1),
        ("class Own(ArithmeticError): pass\nraise Own()", "ArithmeticError", "raise Own()", 2),
    ],
)
def test_a_cell_that_raises_names_the_students_own_line(worker, source, kind, line, lineno):
    error = worker.run(Cell("bad", source)).error
    assert (error.kind, error.type, error.line, error.lineno) == ("raised", kind, line, lineno)


def test_a_traceback_names_the_cell(worker):
    result = worker.run(Cell("made", "1 / 0"))
    assert "Cell made, line 1" in "\n".join(result.outputs[-1]["traceback"])


def test_a_cell_that_raises_does_not_end_the_worker(worker):
    worker.run(Cell("bad", "1 / 0"))
    assert worker.run(Cell("good", "1")).error is None


def test_a_flood_of_output_is_cut(worker):
    result = worker.run(Cell("flood", "for i in range(50_000): print(i)\nfor i in range(300): display(i)"))
    assert result.error is None
    assert sum(len(text) for text in texts(result)) < 100_000
    assert "cut" in texts(result)[-1]


# ── calls ──


@pytest.mark.parametrize(
    "value",
    [None, True, 3, -0.5, math.inf, "text é", [1, [2, (3, "a")]], {"a": [1], "b": {}}, (), torch.float64],
    ids=repr,
)
def test_plain_data_goes_there_and_back(define, value):
    assert define("def same(x): return x").same(value) == value


def test_tensors_go_there_and_back(define):
    student = define("def same(x): return x")
    for sent in (torch.randn(3, 4).double().T, torch.tensor(True), torch.empty(0, 2, dtype=torch.int64)):
        got = student.same(x=sent)
        assert got.dtype == sent.dtype
        assert torch.equal(got, sent)


def test_numpy_scalars_and_iterators_come_back_as_plain_data(define):
    student = define(
        "import numpy as np\ndef f(): return np.float32(0.5), (i for i in range(3)), {1: 2}.items(), range(2)"
    )
    assert student.f() == (0.5, [0, 1, 2], [(1, 2)], [0, 1])


def test_an_endless_iterator_is_refused(define):
    student = define("import itertools\ndef f(): return itertools.count()")
    with pytest.raises(StudentError, match="cannot be compared"):
        student.f()


def test_a_generator_makes_the_same_noise_there(define):
    student = define("import torch\ndef noise(generator): return torch.randn(3, generator=generator)")
    expected = torch.randn(3, generator=torch.Generator().manual_seed(3))
    assert torch.equal(student.noise(torch.Generator().manual_seed(3)), expected)


def test_a_worker_begins_with_the_same_random_state(sandbox):
    source = """
import random, numpy, torch
def draw(): return random.random(), numpy.random.rand(), float(torch.rand(())), hash("a")
"""
    draws = []
    for _ in range(2):
        with sandbox.worker() as worker:
            worker.run(Cell("draw", source))
            draws.append(worker.student.draw())
    assert draws[0] == draws[1]


def test_declared_files_are_all_there_is(sandbox):
    with sandbox.worker(files={"data.bin": b"\0\1"}) as worker:
        worker.run(
            Cell("look", "import os\ndef look(): return os.listdir(), list(open('data.bin', 'rb').read())")
        )
        assert worker.student.look() == (["data.bin"], [0, 1])


def test_workers_do_not_see_each_other(sandbox):
    with sandbox.worker() as first, sandbox.worker() as second:
        first.run(
            Cell(
                "a",
                "import os, builtins\nbuiltins.leak = 1\nopen('f', 'w').write('x')\ndef where(): return os.getcwd()",
            )
        )
        second.run(
            Cell(
                "b",
                "def look(path):\n    try: return open(path + '/f').read()\n    except OSError: return 'refused'",
            )
        )
        assert second.student.look(first.student.where()) == "refused"
        assert second.run(Cell("c", "leak")).error.type == "NameError"


# ── what a test may show ──


def test_a_call_that_raises_shows_type_and_line_never_message_or_inputs(define):
    student = define("def f(x):\n    y = x + 1\n    raise ValueError(f'secret {x}')")
    with pytest.raises(StudentError) as caught:
        student.f(12345)
    assert "ValueError at your line `raise ValueError(f'secret {x}')`" in str(caught.value)
    assert "12345" not in str(caught.value)


def test_an_exceptions_own_name_cannot_carry_inputs(define):
    student = define("def f(x):\n    raise type(f'Leak{x}', (Exception,), {})()")
    with pytest.raises(StudentError) as caught:
        student.f(12345)
    assert "12345" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "kind", "words"),
    [
        ("def f():\n    raise NotImplementedError('Task 5')", "unwritten", "not written yet"),
        ("", "missing", "no f in the notebook"),
        ("import torch\ndef f(): return torch.ones(2, dtype=torch.int32)", "unsendable", "dtype"),
        ("def f():\n    ring = []; ring.append(ring); return ring", "raised", "RecursionError"),
    ],
)
def test_each_kind_of_failure_has_its_words(define, source, kind, words):
    with pytest.raises(StudentError, match=words) as caught:
        define(source).f()
    assert caught.value.kind == kind


WORK = """
import time, torch
x = torch.ones(2**26, dtype=torch.uint8)
end = time.process_time() + 0.2
while time.process_time() < end: pass
"""


def test_usage_grows_with_what_is_spent(worker):
    idle = worker.usage()
    worker.run(Cell("work", WORK))
    busy = worker.usage()
    assert busy.cpu_seconds >= idle.cpu_seconds + 0.15
    assert 60 < busy.peak_memory_mib - idle.peak_memory_mib < 120
    assert 0.2 < busy.busy_seconds <= busy.wall_seconds
    worker.close()
    assert worker.usage().cpu_seconds >= busy.cpu_seconds
    assert abs(worker.usage().peak_memory_mib - busy.peak_memory_mib) < 5
