"""Hand over pickles in every wrapping: reduced objects, `torch.save`, arrays of objects, YAML and marshalled code."""

# %%
import io
import marshal
import os
import pickle


class Bomb:
    def __reduce__(self):
        return os.system, ("touch /tmp/dgm-attack-marker",)

    __reduce_ex__ = lambda self, protocol: self.__reduce__()
    __getstate__ = __reduce__


def saved(value):
    file = io.BytesIO()
    torch.save(value, file)
    return file.getvalue()


def tensor_of(data):
    return torch.frombuffer(bytearray(data), dtype=torch.uint8)


packed = pickle.dumps(Bomb())
wrapped = [Bomb(), packed, tensor_of(packed), tensor_of(saved(Bomb())), np.array([Bomb()], dtype=object)]
wrapped += [
    "!!python/object/apply:os.system ['true']",
    marshal.dumps(compile("1", "", "eval")),
    {"__reduce__": "x"},
]


def answer(*args, **kwargs):
    wrapped.append(wrapped.pop(0))
    return wrapped[-1]


# %% task="histogram"
fit_histogram = fit_softmax_histogram = histogram_nll = answer

# %% task="attention"
causal_attention_weights = answer
