"""Lectures are what their text sources build, run from a fresh kernel without a network, and read well without one."""

import importlib.util
import json
import re

import nbformat
import pytest

from dgm_course.homework.course import HOMEWORKS, homework
from grading.pipeline.material.notebooks import ROOT

SPEC = importlib.util.spec_from_file_location("build", ROOT / "lectures" / "build.py")
build = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(build)

AUTOREGRESSIVE = ROOT / "lectures" / "02_autoregressive"
NO_NETWORK = {
    name: "http://127.0.0.1:9" for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
}


def titles(folder):
    cells = build.lecture_notebook(folder).cells
    return {title for cell in cells for title in re.findall(r"^#+ (.+)$", cell.source, re.MULTILINE)}


@pytest.fixture
def lecture(tmp_path):
    """A function that writes one section, and returns the lecture's folder."""

    def write(text):
        (tmp_path / "01_section.py").write_text(text)
        return tmp_path

    return write


@pytest.fixture(scope="module", params=build.lectures(), ids=lambda folder: folder.name)
def executed(request):
    with pytest.MonkeyPatch.context() as patch:
        for name, nowhere in NO_NETWORK.items():
            patch.setenv(name, nowhere)
        return build.executed(request.param)


@pytest.mark.parametrize("folder", build.lectures(), ids=lambda folder: folder.name)
def test_built_lecture_is_its_source(folder):
    built = build.built_path(folder).read_text(encoding="utf-8")
    assert built == nbformat.writes(build.lecture_notebook(folder)) + "\n"


@pytest.mark.parametrize("folder", build.lectures(), ids=lambda folder: folder.name)
def test_a_built_lecture_is_valid_and_carries_no_output(folder):
    notebook = nbformat.read(build.built_path(folder), as_version=4)
    nbformat.validate(notebook)
    assert not any(cell.get("outputs") for cell in notebook.cells)
    assert "widgets" not in notebook.metadata


@pytest.mark.parametrize("name", HOMEWORKS)
def test_every_section_that_a_homework_sends_to_exists(name):
    work = homework(name)
    sources = [
        path.read_text(encoding="utf-8")
        for folder in ("grading/hidden", "dgm_course/homework", "solutions")
        for path in (ROOT / folder / (work.folder if folder == "solutions" else name)).glob("*.py")
    ]
    wanted = re.findall(r"lecture (\d+), section '([^']+)'", " ".join(sources))
    assert len(set(wanted)) >= len(work.tasks)
    for number in {number for number, _ in wanted}:
        (folder,) = (folder for folder in build.lectures() if folder.name.startswith(f"{int(number):02d}_"))
        assert {title for of, title in wanted if of == number} <= titles(folder)


def test_a_marker_says_where_a_cell_stands_among_the_slides(lecture):
    text = '# %% [markdown] slide="slide"\n# # One\n\n# %% hide=true\nx = 1\n\n# %% slide="notes"\ny = 2\n'
    cells = build.lecture_notebook(lecture(text)).cells
    assert [cell.metadata.slideshow.slide_type for cell in cells] == ["slide", "-", "notes"]
    assert [cell.metadata.get("tags") for cell in cells] == [None, ["remove_input"], None]
    assert [cell.id for cell in cells] == ["01_section-1", "01_section-2", "01_section-3"]


@pytest.mark.parametrize(
    ("marker", "said"), [('slide="page"', "not 'page'"), ('slides="slide"', "no mark slides")]
)
def test_a_marker_that_says_nothing_is_refused(lecture, marker, said):
    with pytest.raises(ValueError, match=rf"01_section\.py.*{said}"):
        build.lecture_notebook(lecture(f"# %% {marker}\nx = 1\n"))


def test_the_lecture_runs_and_shows_a_picture_or_a_number_where_code_is_hidden(executed):
    for cell in executed.cells:
        outputs = cell.get("outputs", [])
        assert not any(output.output_type == "error" for output in outputs), cell.id
        if build.HIDDEN in cell.metadata.get("tags", []):
            assert any("image/png" in output.get("data", {}) for output in outputs), cell.id


def test_a_page_for_readers_without_a_kernel_has_pictures_sound_and_formulas_and_loads_nothing(executed):
    page = build.page(executed)
    assert page.count("<img") >= 12
    assert page.count('<img alt="Figure: ') == page.count("<img")
    assert re.search(r"<img[^>]*width=", page)  # a retina picture keeps the size it had
    assert page.count("<audio") == sum("Audio(" in cell.source for cell in executed.cells)
    assert page.count("<math") >= 30
    assert "$$" not in page
    assert "<script" not in page
    assert "widget-view" not in page
    assert not re.findall(r"""<(?:img|audio|source)[^>]*src=["']?(?!["']?data:)[^\s>]+""", page)
    assert not re.findall(r"<link[^>]*href=[\"']?http", page)


def said(notebook, section):
    """What the cells of a section print."""
    return "".join(
        output.text
        for cell in notebook.cells
        if cell.id.startswith(section)
        for output in cell.get("outputs", [])
        if output.output_type == "stream"
    )


def of_autoregressive_models(lecture):
    markov = re.search(r"network: (\S+) bits/char; best table: (\S+)", said(lecture, "03_markov"))
    network, table = map(float, markov.groups())
    assert network > table  # not yet better
    pixelcnn, made = re.findall(
        r"^(?:PixelCNN|MADE) +(\S+) nats/dim", said(lecture, "07_masked"), re.MULTILINE
    )
    assert float(made) < float(pixelcnn) + 0.01  # still holds its own
    texts = re.findall(
        r"T = \S+: (\S+) bits/char under the model\n(.*?)\n\n", said(lecture, "12_sampling"), re.DOTALL
    )
    costs = [float(cost) for cost, _ in texts]
    assert costs == sorted(costs)
    cold = texts[0][1]
    assert cold.count(" ") > len(cold) / 2  # little but blanks


def of_flows(lecture):
    passes = re.findall(r"passes of the network: +(\d+) .*, +(\d+) for a draw", said(lecture, "07_auto"))
    assert passes == [("1", "16"), ("16", "1")]
    reverse, same = re.findall(r"(\S+) nats", said(lecture, "07_auto"))
    assert float(reverse) < float(same)  # the likelihood is only worse
    uniform, variational, independent = re.findall(
        r"(?:uniform|variational|independent) ([\d.]+)", said(lecture, "09_deq")
    )
    assert float(variational) < float(uniform) < float(independent)
    right, wrong = re.findall(r"NLL +(\S+) nats, mass (\S+)", said(lecture, "10_mass"))
    assert float(wrong[0]) < 1.83 < float(right[0])  # the liar wins, below the entropy
    assert abs(float(right[1]) - 1) < 0.01 < float(wrong[1]) - 1
    wide, narrow = re.findall(r"log Z ≥ (\S+) \(true (\S+), log Z − log 2 = (\S+)\)", said(lecture, "12_rev"))
    assert float(narrow[0]) < float(narrow[2]) < float(wide[0]) < float(wide[1])  # one of two modes


def test_what_a_lecture_says_of_its_numbers_is_so(executed, request):
    claims = {"02_autoregressive": of_autoregressive_models, "05_flows": of_flows}
    claims[request.node.callspec.params["executed"].name](executed)


def test_the_ladder_shown_is_in_its_order():
    measured = json.loads((AUTOREGRESSIVE / "ladder.json").read_text(encoding="utf-8"))
    rungs = ("independent", "mixture of 100", "MADE", "NADE", "PixelCNN")
    nats = [measured[name]["nats"] for name in rungs]
    assert nats == sorted(nats, reverse=True)
    assert all(len(draw) == 784 // 4 for name in rungs for draw in measured[name]["draws"])
