"""The scratch folder of a hostile worker is measured and removed whatever is in it."""

import os

import pytest

from grading.sandbox import scratch


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "worker-0"
    folder.mkdir()
    return folder


def nest(folder, depth):
    here = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("a", dir_fd=here)
        deeper = os.open("a", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    os.close(here)


def test_sizes_count_every_file(folder):
    (folder / "sub").mkdir()
    (folder / "sub" / "large").write_bytes(bytes(2**20))
    assert 2**20 <= sum(scratch.sizes(folder)) < 2**20 + 2**16


def test_a_link_is_not_followed(folder, tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "large").write_bytes(bytes(2**20))
    (folder / "link").symlink_to(tmp_path / "outside")
    assert sum(scratch.sizes(folder)) < 2**20
    scratch.remove(folder)
    assert (tmp_path / "outside" / "large").exists()


def test_too_many_files_are_not_counted(folder):
    for name in range(scratch.MAX_FILES + 1):
        (folder / str(name)).touch()
    with pytest.raises(OSError, match="more than"):
        list(scratch.sizes(folder))


def test_too_deep_a_tree_is_not_walked_but_removed(folder, tmp_path):
    nest(folder, 3000)
    with pytest.raises(OSError, match="more than"):
        list(scratch.sizes(folder))
    scratch.remove(folder)
    assert list(tmp_path.iterdir()) == []


def test_folders_without_rights_are_removed(folder, tmp_path):
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "a" / "b" / "c").touch()
    (folder / "a" / "b").chmod(0)
    (folder / "a").chmod(0)
    folder.chmod(0)
    scratch.remove(folder)
    assert list(tmp_path.iterdir()) == []
