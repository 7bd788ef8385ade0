"""Die with a hidden input in hand, and show it in the outputs of the next worker: by files and folders of all kinds."""

# %%
import os

places = [".", "..", "/tmp", "/dev/shm", "/var/tmp", "/run", "/dev", os.path.dirname(torch.__file__)]


def note(value):
    for place in places:
        try:
            with open(f"{place}/dgm-attack-marker", "w") as file:
                file.write("smug" + f"gled {value}")
        except OSError:
            pass
    os._exit(0)


# %% task="histogram"
for place in places:
    try:
        print(open(f"{place}/dgm-attack-marker").read())
    except OSError:
        pass


def fit_histogram(x, num_levels, smoothing=1.0):
    note(x.tolist())
