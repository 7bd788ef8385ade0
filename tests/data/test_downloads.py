"""Downloads against a server on this machine: whole files or an error of one line, and nothing in between."""

import gzip
import hashlib
import http.server
import io
import pickle
import struct
import tarfile
import threading

import numpy as np
import pytest
import torch

from dgm_course import data
from dgm_course.data import downloads, full_images
from dgm_course.data.downloads import Remote

PAYLOAD = bytes(range(256)) * 400
ANSWERS = {
    "/good/": lambda body: (200, body, len(body)),
    "/corrupt/": lambda body: (200, b"\xff" + body[1:], len(body)),
    "/truncated/": lambda body: (200, body[: len(body) // 2], len(body)),
    "/missing/": lambda body: (404, b"", 0),
}


class Server(http.server.ThreadingHTTPServer):
    """Serves `files` by name below each of `ANSWERS`, and remembers what was asked of it."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.asked = {}, []

    def mirror(self, kind):
        return f"http://127.0.0.1:{self.server_port}/{kind}/"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        folder, _, name = self.path.rpartition("/")
        status, body, length = ANSWERS[folder + "/"](self.server.files[name])
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Keeps the test's output quiet."""


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Server() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def remote(server):
    def make(*mirrors, files=None):
        server.files = files or {"a.bin": PAYLOAD}
        sums = {name: hashlib.sha256(content).hexdigest() for name, content in server.files.items()}
        return Remote("toy", sums, tuple(map(server.mirror, mirrors)), offline="data.digits()")

    return make


def test_a_file_is_downloaded_once_and_then_found(remote, server, tmp_path):
    toy = remote("good")
    assert toy.fetch("a.bin", tmp_path).read_bytes() == PAYLOAD
    assert toy.fetch("a.bin", tmp_path) == tmp_path / "toy" / "a.bin"
    assert server.asked == ["/good/a.bin"]


@pytest.mark.parametrize("bad", ["corrupt", "truncated", "missing"])
def test_the_next_mirror_helps_out(remote, server, tmp_path, bad):
    assert remote(bad, "good").fetch("a.bin", tmp_path).read_bytes() == PAYLOAD
    assert server.asked == [f"/{bad}/a.bin", "/good/a.bin"]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("corrupt", "the checksum differs"),
        ("truncated", "the connection broke off"),
        ("missing", "status 404"),
    ],
)
def test_a_bad_file_is_one_line_and_leaves_nothing_in_the_cache(remote, server, tmp_path, bad, reason):
    with pytest.raises(data.DownloadError) as caught:
        remote(bad).fetch("a.bin", tmp_path)
    message = str(caught.value)
    assert reason in message
    assert message.endswith("without a network use data.digits()")
    assert "\n" not in message
    assert list((tmp_path / "toy").iterdir()) == []
    assert server.asked == [f"/{bad}/a.bin"] * 2


def test_without_a_network_the_offline_data_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as closed:
        port = closed.server_port
    nobody = Remote("toy", {"a.bin": "00" * 32}, (f"http://127.0.0.1:{port}/",), offline="data.mnist()")
    with pytest.raises(
        data.DownloadError, match=r"^cannot download a\.bin \(.*: no connection\).*data\.mnist\(\)$"
    ):
        nobody.fetch("a.bin", tmp_path)
    assert list((tmp_path / "toy").iterdir()) == []


def test_a_file_that_was_damaged_in_the_cache_is_downloaded_again(remote, tmp_path):
    toy = remote("good")
    toy.fetch("a.bin", tmp_path).write_bytes(b"damaged")
    assert toy.fetch("a.bin", tmp_path).read_bytes() == PAYLOAD


def test_a_cache_that_cannot_be_written_is_one_line(remote, server, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(data.DownloadError, match=r"^cannot write to the cache .*DGM_DATA_DIR$"):
        remote("good").fetch("a.bin", tmp_path / "file")
    assert server.asked == []


def test_the_environment_names_the_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("DGM_DATA_DIR", str(tmp_path))
    assert downloads.cache_folder() == tmp_path
    monkeypatch.delenv("DGM_DATA_DIR")
    assert downloads.cache_folder().name == "dgm_course"


def idx(array):
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return gzip.compress(header + array.tobytes())


@pytest.mark.parametrize("name", ["MNIST", "FASHION_MNIST"])
def test_images_in_idx_files_arrive_in_their_order(remote, tmp_path, monkeypatch, name):
    rng = np.random.default_rng(1)
    x = rng.integers(0, 256, (14, 28, 28), dtype=np.uint8)
    y = rng.integers(0, 10, 14, dtype=np.uint8)
    contents = (x[:12], y[:12], x[12:], y[12:])
    files = {file: idx(part) for file, part in zip(getattr(full_images, name).sha256, contents, strict=True)}
    monkeypatch.setattr(full_images, name, remote("good", files=files))
    parts = getattr(full_images, {"MNIST": "mnist_70k", "FASHION_MNIST": "fashion_mnist"}[name])(tmp_path)
    assert [len(part) for part in (parts.train, parts.validation, parts.test)] == [10, 2, 2]
    assert torch.equal(
        torch.cat([parts.train, parts.validation, parts.test])[:, 0], torch.from_numpy(x).long()
    )
    assert torch.equal(parts.labels.test, torch.from_numpy(y[12:]).long())
    assert (parts.num_levels, parts.event_shape, parts.train.dtype) == (256, (1, 28, 28), torch.int64)


def photographs(batches):
    """A tar of pickles as CIFAR-10's: written by the NumPy of its day, with byte strings for keys."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, batch in batches.items():
            content = pickle.dumps(batch, protocol=3).replace(b"numpy._core.", b"numpy.core.")
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return {"cifar-10-python.tar.gz": buffer.getvalue()}


@pytest.fixture
def batches():
    rng = np.random.default_rng(2)
    names = [f"data_batch_{number}" for number in range(1, 6)] + ["test_batch"]
    return {
        name: {
            b"data": rng.integers(0, 256, (2, 3072), dtype=np.uint8),
            b"labels": rng.integers(0, 10, 2).tolist(),
        }
        for name in names
    }


def test_photographs_arrive_with_their_colours_in_planes(remote, tmp_path, monkeypatch, batches):
    monkeypatch.setattr(full_images, "CIFAR10", remote("good", files=photographs(batches)))
    parts = data.cifar10(tmp_path)
    assert [len(part) for part in (parts.train, parts.validation, parts.test)] == [9, 1, 2]
    first = batches["data_batch_1"][b"data"][0]
    assert parts.train[0, 2, 0, :5].tolist() == first[2048:2053].tolist()
    assert parts.labels.test.tolist() == batches["test_batch"][b"labels"]
    assert parts.train.dtype == torch.int64


def test_a_pickle_that_would_run_code_is_refused(remote, tmp_path, monkeypatch, batches):
    class Malicious:
        def __reduce__(self):
            return (open, (str(tmp_path / "owned"), "w"))

    batches["data_batch_1"][b"labels"] = Malicious()
    monkeypatch.setattr(full_images, "CIFAR10", remote("good", files=photographs(batches)))
    with pytest.raises(pickle.UnpicklingError, match="open has no place"):
        data.cifar10(tmp_path)
    assert not (tmp_path / "owned").exists()


def test_every_published_file_has_a_checksum_and_two_mirrors():
    for remote in (full_images.MNIST, full_images.FASHION_MNIST, full_images.CIFAR10):
        assert all(len(bytes.fromhex(sha256)) == 32 for sha256 in remote.sha256.values())
        assert len(remote.mirrors) == 2
        assert all(mirror.endswith("/") for mirror in remote.mirrors)
