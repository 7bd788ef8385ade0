"""Frames between the trusted grader and a worker: length, JSON header, raw tensor buffers. Never pickle.

    frame   = uint32 length (big endian) · header · buffers
    header  = {"id": 7, "kind": "call", "body": value, "buffers": [{"dtype": "float64", "shape": [2, 3]}, ...]}
    value   = null | true | 1 | 0.5 | "text" | [value, ...] | {tag: payload}
    tag     = tuple · dict (pairs) · float (nan, inf) · tensor (index into buffers) · dtype · generator (seed) · handle

The sizes of the buffers follow from the header, so nothing is allocated before it is checked. The decoder
believes nothing: whatever does not fit the grammar above is a `ProtocolViolation`.
"""

import json
import math
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

MAX_HEADER = 2**20
MAX_BUFFERS = 2**26
MAX_DEPTH = 32
MAX_NODES = 100_000
MAX_DIMS = 16
MAX_KEY = 2**53

PLAIN_DTYPES = (torch.float32, torch.float64, torch.int64, torch.bool, torch.uint8)
ALL_DTYPES = {str(t).removeprefix("torch."): t for t in vars(torch).values() if isinstance(t, torch.dtype)}
NAMES = {dtype: name for name, dtype in ALL_DTYPES.items()}
DTYPES = {NAMES[dtype]: dtype for dtype in PLAIN_DTYPES}
NON_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
to_json = json.JSONEncoder(allow_nan=False).encode


class ProtocolViolation(Exception):  # noqa: N818 - the word of the design
    """The other side sent something outside the grammar."""


class UnsendableError(TypeError):
    """A value that has no place in a frame; the message says what it is."""


@dataclass(frozen=True)
class Handle:
    """What stays in the worker: a name of the notebook or a numbered object, or a method of either."""

    target: str | int
    method: str | None = None


@dataclass(frozen=True)
class Frame:
    """One decoded message."""

    id: int
    kind: str
    body: Any


def refuse(value: object) -> Handle:
    raise UnsendableError(f"cannot send an object of type {type(value).__name__}")


def _is_key(key: object) -> bool:
    """Text, or a number so small that only a few have the same hash: many would make a dict take quadratic time."""
    return type(key) is str or (type(key) is int and abs(key) < MAX_KEY)


# ── encoding ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class _Encoder:
    unknown: Callable[[Any], Handle]
    buffers: list[Tensor] = field(default_factory=list)
    nodes: int = 0
    bytes: int = 0

    def encode(self, value: Any, depth: int = 0) -> Any:
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise UnsendableError(
                f"cannot send a structure of more than {MAX_DEPTH} levels or {MAX_NODES} values"
            )
        match value:
            case None | bool():
                return value
            case str():
                return value.encode(errors="replace").decode()
            case int() if value.bit_length() < 4096:
                return int(value)
            case float():
                return float(value) if math.isfinite(value) else {"float": str(float(value))}
            case list():
                return [self.encode(item, depth + 1) for item in value]
            case tuple():
                return {"tuple": [self.encode(item, depth + 1) for item in value]}
            case dict() if all(map(_is_key, value)):
                return {"dict": [[key, self.encode(item, depth + 1)] for key, item in value.items()]}
            case Tensor():
                return {"tensor": self.add(value)}
            case torch.dtype():
                return {"dtype": NAMES[value]}
            case torch.Generator():
                return {"generator": value.initial_seed()}
        handle = value if isinstance(value, Handle) else self.unknown(value)
        return {"handle": [handle.target, handle.method]}

    def add(self, tensor: Tensor) -> int:
        name = NAMES[tensor.dtype]
        if name not in DTYPES or tensor.layout != torch.strided or tensor.is_nested:
            raise UnsendableError(
                f"a {tensor.layout} tensor of dtype {name}; tensors may be {', '.join(DTYPES)}"
            )
        self.bytes += tensor.numel() * tensor.element_size()
        if self.bytes > MAX_BUFFERS or tensor.dim() > MAX_DIMS:
            raise UnsendableError(
                f"cannot send tensors of more than {MAX_BUFFERS >> 20} MiB or {MAX_DIMS} dimensions"
            )
        plain = tensor.detach().as_subclass(Tensor).cpu().resolve_neg().contiguous()
        self.buffers.append(plain)
        return len(self.buffers) - 1


def pack(id: int, kind: str, body: object, unknown: Callable[[Any], Handle] = refuse) -> bytes:
    """The bytes of one frame; what is not plain data becomes the handle that `unknown` returns."""
    encoder = _Encoder(unknown)
    value = encoder.encode(body)
    buffers = [{"dtype": NAMES[b.dtype], "shape": list(b.shape)} for b in encoder.buffers]
    header = to_json({"id": id, "kind": kind, "body": value, "buffers": buffers}).encode()
    if len(header) > MAX_HEADER:
        raise UnsendableError(f"cannot send more than {MAX_HEADER >> 20} MiB of plain data")
    return b"".join(
        [struct.pack(">I", len(header)), header, *(buffer.numpy().data for buffer in encoder.buffers)]
    )


# ── decoding ────────────────────────────────────────────────────────────────────────────────────────────────


def _require(condition: bool, what: str) -> None:
    if not condition:
        raise ProtocolViolation(what)


def _is_int(value: object) -> bool:
    return type(value) is int


def _no_constant(name: str) -> float:
    raise ProtocolViolation(f"{name} is not JSON")


@dataclass
class _Decoder:
    tensors: list[Tensor]
    used: set[int] = field(default_factory=set)
    nodes: int = 0

    def decode(self, node: Any, depth: int = 0) -> Any:
        self.nodes += 1
        _require(depth <= MAX_DEPTH and self.nodes <= MAX_NODES, "a structure that is too deep or too large")
        match node:
            case None | bool() | int():
                return node
            case str():
                _require(
                    node.isascii() or not any("\ud800" <= c <= "\udfff" for c in node), "half a character"
                )
                return node
            case float():
                _require(math.isfinite(node), "a number outside the range of float64")
                return node
            case list():
                return [self.decode(item, depth + 1) for item in node]
            case dict() if len(node) == 1:
                [(tag, payload)] = node.items()
                return self.tagged(tag, payload, depth)
        raise ProtocolViolation("an object without exactly one tag")

    def tagged(self, tag: str, payload: Any, depth: int) -> Any:
        match tag, payload:
            case "tuple", list():
                return tuple(self.decode(item, depth + 1) for item in payload)
            case "dict", list():
                return self.pairs(payload, depth)
            case "float", str() if payload in NON_FINITE:
                return NON_FINITE[payload]
            case "tensor", int() if _is_int(payload) and 0 <= payload < len(self.tensors):
                _require(payload not in self.used, "one buffer used twice")
                self.used.add(payload)
                return self.tensors[payload]
            case "dtype", str() if payload in ALL_DTYPES:
                return ALL_DTYPES[payload]
            case "generator", int() if _is_int(payload) and -(2**63) <= payload < 2**64:
                return torch.Generator().manual_seed(payload)
            case "handle", [target, None | str() as method] if type(target) in (int, str):
                return Handle(target, method)
        raise ProtocolViolation("an unknown tag or a payload that does not fit its tag")

    def pairs(self, payload: list[Any], depth: int) -> dict[str | int, Any]:
        result: dict[str | int, Any] = {}
        for pair in payload:
            _require(isinstance(pair, list) and len(pair) == 2, "a dict entry that is no pair")
            key = self.decode(pair[0], depth + 1)
            _require(_is_key(key) and key not in result, "a dict key that is no text or is doubled")
            result[key] = self.decode(pair[1], depth + 1)
        return result


def _parse(raw: bytes) -> dict[str, Any]:
    try:
        header = json.loads(raw.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ProtocolViolation("a header that is not JSON") from error
    _require(
        isinstance(header, dict) and header.keys() == {"id", "kind", "body", "buffers"}, "a strange header"
    )
    _require(_is_int(header["id"]) and isinstance(header["kind"], str), "a header without id or kind")
    _require(isinstance(header["buffers"], list), "no list of buffers")
    return header


def _layout(entry: Any) -> tuple[torch.dtype, list[int], int]:
    """dtype, shape and size in bytes of one declared buffer."""
    _require(isinstance(entry, dict) and entry.keys() == {"dtype", "shape"}, "a strange buffer")
    dtype, shape = entry["dtype"], entry["shape"]
    _require(isinstance(dtype, str) and dtype in DTYPES, "a dtype outside the list")
    _require(isinstance(shape, list) and len(shape) <= MAX_DIMS, "a shape that is no short list")
    _require(all(_is_int(n) and 0 <= n <= MAX_BUFFERS for n in shape), "a dimension out of range")
    # zeros count as one here: (0, 2**26, 2**26) holds nothing, yet its strides would overflow
    _require(math.prod(max(n, 1) for n in shape) <= MAX_BUFFERS, "a shape out of range")
    return DTYPES[dtype], shape, math.prod(shape) * DTYPES[dtype].itemsize


def _tensor(dtype: torch.dtype, shape: list[int], raw: bytearray) -> Tensor:
    if not raw:
        return torch.empty(shape, dtype=dtype)
    if dtype == torch.bool:
        _require(max(raw) <= 1, "a truth value that is neither 0 nor 1")
    return torch.frombuffer(raw, dtype=dtype).reshape(shape)


def read(read_exactly: Callable[[int], bytearray]) -> Frame:
    """The next frame, from a function that returns exactly so many bytes or raises."""
    (length,) = struct.unpack(">I", read_exactly(4))
    _require(0 < length <= MAX_HEADER, "a header of impossible length")
    header = _parse(bytes(read_exactly(length)))
    layouts = [_layout(entry) for entry in header["buffers"][: MAX_NODES + 1]]
    _require(
        len(layouts) <= MAX_NODES and sum(size for *_, size in layouts) <= MAX_BUFFERS, "oversize buffers"
    )
    decoder = _Decoder([_tensor(dtype, shape, read_exactly(size)) for dtype, shape, size in layouts])
    body = decoder.decode(header["body"])
    _require(len(decoder.used) == len(layouts), "a buffer that nothing refers to")
    return Frame(header["id"], header["kind"], body)
