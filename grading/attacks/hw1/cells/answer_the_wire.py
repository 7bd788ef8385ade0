"""Speak the grader's own protocol: replies before the question, forged values, handles, lengths and endless headers."""

# %%
import json
import os
import struct
import threading


def frame(number, body, buffers=(), raw=b""):
    header = json.dumps({"id": number, "kind": "value", "body": body, "buffers": list(buffers)}).encode()
    return struct.pack(">I", len(header)) + header + raw


handle = {"handle": [0, None]}
forged = {
    "deep": frame(1, json.loads("[" * 500 + "]" * 500)),
    "name": frame(1, {"handle": ["open", "read"]}),
    "shape": frame(1, {"tensor": 0}, [{"dtype": "float64", "shape": [2**26, 2**26]}]),
    "minus": frame(1, {"tensor": 0}, [{"dtype": "float64", "shape": [-1]}]),
    "pickle": frame(1, {"pickle": "gASVBQAAAAAAAABLAS4="}),
    "length": struct.pack(">I", 2**32 - 1),
    "many": frame(1, [handle] * 1000),
}


def forge(name):
    os.write(3, forged[name])
    raise SystemExit


def early():
    for number in range(64):
        try:
            os.write(3, frame(number, {"tensor": 0}, [{"dtype": "float64", "shape": []}], b"\0" * 8))
        except OSError:
            return


# %% task="histogram"
def fit_histogram(*args, **kwargs):
    forge("deep")


def fit_softmax_histogram(*args, **kwargs):
    forge("shape")


def histogram_nll(*args, **kwargs):
    forge("length")


# %% task="made"
def made_masks(*args):
    forge("minus")


def MaskedLinear(*args):
    forge("pickle")


def MADE(*args):
    forge("name")


# %% task="attention"
def causal_attention_weights(*args):
    threading.Timer(0.01, early).start()
    return None


def CausalSelfAttention(*args):
    forge("many")
