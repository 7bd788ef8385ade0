"""Answer byte by byte, stop in the middle of a frame, and finish it when the next question comes."""

# %%
import json
import os
import struct
import time


def drip(stop):
    header = json.dumps({"id": 9, "kind": "value", "body": 0, "buffers": []}).encode()
    frame = struct.pack(">I", len(header)) + header
    for byte in frame[:stop]:
        os.write(3, bytes([byte]))
        time.sleep(0.002)
    return frame[stop:]


# %% task="histogram"
def fit_histogram(*args, **kwargs):
    return drip(2)


def histogram_nll(*args):
    os.write(3, drip(60) or b"\0")


# %% task="attention"
def causal_attention_weights(*args):
    os.write(3, struct.pack(">I", 2**19) + b"[" * 1000)
    os.close(3)
