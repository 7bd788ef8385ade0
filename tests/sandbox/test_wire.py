"""Frames hold plain data exactly, and nothing that is not a frame gets through."""

import contextlib
import json
import math
import struct

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from grading.sandbox import wire
from grading.sandbox.wire import Frame, Handle, ProtocolViolation, UnsendableError


def reader(data: bytes):
    """A socket that holds `data` and then ends."""
    rest = memoryview(data)

    def read_exactly(size: int) -> bytearray:
        nonlocal rest
        if len(rest) < size:
            raise EOFError
        chunk, rest = bytearray(rest[:size]), rest[size:]
        return chunk

    return read_exactly


def frame(header: object, buffers: bytes = b"") -> bytes:
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack(">I", len(raw)) + raw + buffers


def body(value: object, buffers: list | None = None, raw: bytes = b"") -> bytes:
    return frame({"id": 1, "kind": "value", "body": value, "buffers": buffers or []}, raw)


def same(a: object, b: object) -> bool:
    """Equality that tells types, nan and dtypes apart."""
    match a:
        case torch.Tensor():
            return (
                isinstance(b, torch.Tensor)
                and a.dtype == b.dtype
                and a.shape == b.shape
                and bool((a == b).all())
            )
        case float():
            return isinstance(b, float) and (a == b or (math.isnan(a) and math.isnan(b)))
        case list() | tuple():
            return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
        case dict():
            return isinstance(b, dict) and list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    return type(a) is type(b) and a == b


shapes = st.lists(st.integers(0, 3), max_size=4)
tensors = st.builds(
    lambda shape, dtype: torch.arange(math.prod(shape)).reshape(shape).to(dtype),
    shapes,
    st.sampled_from(list(wire.DTYPES.values())),
)
text = st.text(st.characters(exclude_categories=["Cs"]))
keys = st.integers(1 - wire.MAX_KEY, wire.MAX_KEY - 1)
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | text
    | tensors
    | st.builds(Handle, st.integers(0, 9))
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(text | keys, inner),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(values)
def test_plain_data_arrives_as_it_was(value):
    got = wire.read(reader(wire.pack(7, "value", value)))
    assert (got.id, got.kind) == (7, "value")
    assert same(value, got.body)


@settings(max_examples=300, deadline=None)
@given(values, st.data())
def test_a_damaged_frame_is_refused_or_decoded_never_worse(value, data):
    good = bytearray(wire.pack(1, "value", value))
    for _ in range(data.draw(st.integers(1, 4))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ProtocolViolation, EOFError):
        assert isinstance(wire.read(reader(bytes(good))), Frame)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200) | st.binary(max_size=200).map(frame))
def test_random_bytes_are_refused(noise):
    with pytest.raises((ProtocolViolation, EOFError)):
        wire.read(reader(noise))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["tuple", "dict", "float", "tensor", "dtype", "generator", "handle", "?"]),
            inner,
            max_size=2,
        )
    ),
    max_leaves=10,
)


@settings(max_examples=300, deadline=None)
@given(json_values)
def test_any_json_as_a_body_is_refused_or_decoded_never_worse(value):
    with contextlib.suppress(ProtocolViolation):
        wire.read(reader(body(value)))


FLOAT = {"dtype": "float32", "shape": [1]}
TENSOR = {"tensor": 0}


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(struct.pack(">I", 2**20 + 1), id="header-too-long"),
        pytest.param(struct.pack(">I", 0), id="header-empty"),
        pytest.param(frame(b"[" * 100_000), id="json-nested-without-end"),
        pytest.param(frame(b"\xff\xfe"), id="not-utf-8"),
        pytest.param(frame([]), id="header-no-object"),
        pytest.param(frame({"id": 1, "kind": "value", "body": None}), id="header-incomplete"),
        pytest.param(
            frame({"id": 1, "kind": "value", "body": 1, "buffers": [], "x": 1}), id="header-with-more"
        ),
        pytest.param(frame({"id": True, "kind": "value", "body": 1, "buffers": []}), id="id-no-integer"),
        pytest.param(frame(b'{"id":1,"kind":"value","body":NaN,"buffers":[]}'), id="bare-nan"),
        pytest.param(frame(b'{"id":1,"kind":"value","body":1e999,"buffers":[]}'), id="overflowing-number"),
        pytest.param(frame(b'{"id":1,"kind":"value","body":"\\ud800","buffers":[]}'), id="half-a-character"),
        pytest.param(
            frame(b'{"id":1,"kind":"v","body":' + b"9" * 5000 + b',"buffers":[]}'), id="endless-integer"
        ),
        pytest.param(body({"unknown": 1}), id="unknown-tag"),
        pytest.param(body({"tuple": [], "dict": []}), id="two-tags"),
        pytest.param(body({"dict": [["a", 1], ["a", 2]]}), id="doubled-key"),
        pytest.param(body({"dict": [[None, 1]]}), id="key-no-text"),
        pytest.param(body({"dict": [[2**61 - 1, 1]]}), id="key-that-collides"),
        pytest.param(body({"float": "1"}), id="finite-number-tagged"),
        pytest.param(body({"dtype": "complex"}), id="unknown-dtype"),
        pytest.param(body({"generator": -(2**63) - 1}), id="seed-out-of-range"),
        pytest.param(body({"handle": [True, None]}), id="handle-no-integer"),
        pytest.param(body(TENSOR), id="buffer-missing"),
        pytest.param(body(None, [FLOAT], bytes(4)), id="buffer-unused"),
        pytest.param(body([TENSOR, TENSOR], [FLOAT], bytes(4)), id="buffer-used-twice"),
        pytest.param(body({"tensor": True}, [FLOAT, FLOAT], bytes(8)), id="index-no-integer"),
        pytest.param(body(TENSOR, [{"dtype": "float16", "shape": [1]}], bytes(2)), id="dtype-off-the-list"),
        pytest.param(body(TENSOR, [{"dtype": "float32", "shape": [-1]}]), id="negative-dimension"),
        pytest.param(body(TENSOR, [{"dtype": "float32", "shape": [2**24 + 1]}]), id="oversize"),
        pytest.param(
            body(TENSOR, [{"dtype": "uint8", "shape": [0, 2**26, 2**26]}]), id="empty-but-overflowing"
        ),
        pytest.param(body(TENSOR, [{"dtype": "uint8", "shape": [1] * 17}], b"\0"), id="too-many-dimensions"),
        pytest.param(body(TENSOR, [{"dtype": "bool", "shape": [1]}], b"\2"), id="bool-that-is-two"),
        pytest.param(body([[]] * 100_001), id="too-many-values"),
    ],
)
def test_what_is_outside_the_grammar_is_a_violation(bad):
    with pytest.raises(ProtocolViolation):
        wire.read(reader(bad))


def test_buffers_are_bounded_together():
    half = {"dtype": "uint8", "shape": [2**25 + 1]}
    with pytest.raises(ProtocolViolation, match="oversize"):
        wire.read(reader(body([{"tensor": 0}, {"tensor": 1}], [half, half])))


@pytest.mark.parametrize(
    "value",
    [torch.ones(2, dtype=torch.int32), torch.zeros(2**24 + 1), object(), 2**5000, {1.5: 2}, {2**53: 1}],
)
def test_what_has_no_place_in_a_frame_is_not_sent(value):
    with pytest.raises(UnsendableError):
        wire.pack(1, "value", value)


def test_a_structure_that_contains_itself_is_not_sent():
    ring: list = []
    ring.append(ring)
    with pytest.raises(UnsendableError):
        wire.pack(1, "value", ring)


def test_a_parameter_travels_as_a_plain_tensor():
    parameter = torch.nn.Parameter(torch.arange(6.0).reshape(2, 3).T)
    got = wire.read(reader(wire.pack(1, "value", parameter))).body
    assert type(got) is torch.Tensor
    assert not got.requires_grad
    assert torch.equal(got, parameter)


def test_a_generator_travels_as_its_seed():
    sent = torch.Generator().manual_seed(5)
    got = wire.read(reader(wire.pack(1, "value", sent))).body
    assert torch.equal(torch.rand(3, generator=sent), torch.rand(3, generator=got))
