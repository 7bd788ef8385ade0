"""What lives in a worker answers through a handle, and lives no longer than the handle."""

import copy

import torch

from dgm_course.testing import gradient

MODULE = """
import torch
class Scale(torch.nn.Module):
    def __init__(self, factor):
        super().__init__()
        self.factor = torch.nn.Parameter(torch.tensor(factor))
    @classmethod
    def double(cls): return cls(2.0)
    def forward(self, x): return self.factor * x
    def twice(self, x): return self(self(x))
def apply(f, x): return f(x)
def pair(): return [Scale(1.0), Scale(2.0)]
"""


def test_a_module_stays_in_the_worker_and_answers(define):
    student = define(MODULE)
    module = student.Scale(3.0)
    assert module(2.0) == 6
    assert module.twice(1.0) == 9
    assert dict(module.named_parameters()) == {"factor": 3.0}
    module.load_state_dict({"factor": torch.tensor(5.0)})
    assert not module(1.0).requires_grad
    assert module(1.0) == 5


def test_what_lives_in_the_worker_can_be_handed_to_its_functions(define):
    student = define(MODULE)
    module = student.Scale(3.0)
    assert student.apply(module, 1.0) == 3
    assert student.apply(module.twice, 1.0) == 9
    assert student.apply(student.Scale, 4.0)(1.0) == 4
    assert [m(1.0) for m in student.pair()] == [1, 2]
    assert student.Scale.double()(1.0) == 2


CENSUS = """
import weakref
class A: pass
held = weakref.WeakSet()
def new():
    a = A()
    held.add(a)
    return a
def count(): return len(held)
"""


def test_what_nobody_holds_is_dropped_in_the_worker(define):
    student = define(CENSUS)
    kept = [student.new() for _ in range(3)]
    assert student.count() == 3
    del kept
    assert student.count() == 0


def test_gradients_are_taken_where_the_function_lives(define):
    module = define(MODULE).Scale(3.0)
    x = torch.randn(4, dtype=torch.float64)
    (slope,) = gradient(module.twice, x)
    assert torch.allclose(slope, torch.full_like(x, 9))


def test_looking_at_a_proxy_calls_nothing(define):
    student = define(MODULE)
    module, before = student.Scale(1.0), student._worker.connection.requests
    assert repr(student) == "student"
    assert repr(module) == "student.Scale(…)"
    assert repr(module.twice) == "student.Scale(…).twice"
    assert copy.copy(module)._handle == module._handle
    for name in ("__array__", "__torch_function__", "__len__", "__wrapped__"):
        assert not hasattr(module, name)
        assert not hasattr(student, name)
    assert not hasattr(module.twice, "another")
    assert student._worker.connection.requests == before
