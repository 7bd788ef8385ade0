"""What a demo does when a function of one's own fails."""

import pytest

from dgm_course.demos import JacobianArea


def test_an_error_of_ones_own_is_said_and_raised_and_the_next_move_is_drawn():
    faults = []

    def log_det(matrix):
        if faults:
            raise faults.pop()
        return matrix.det().abs().log()

    demo = JacobianArea(log_det=log_det)
    before = demo.snapshot()
    faults.append(ZeroDivisionError("a <mistake>"))
    with pytest.raises(ZeroDivisionError, match="a <mistake>"):
        demo.controls["shear_x"].value = 1.0
    assert "ZeroDivisionError: a &lt;mistake&gt;" in demo.says.value
    assert demo.snapshot() == before
    demo.controls["shear_x"].value = 1.25
    assert (demo.says.value, demo.snapshot()) == (
        JacobianArea(shear_x=1.25).says.value,
        JacobianArea(shear_x=1.25).snapshot(),
    )
