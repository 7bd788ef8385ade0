"""Bring the reference into the scratch folder by links, renames and copies inside the kernel."""

# %%
import os
import shutil

import dgm_course

target = os.path.join(os.path.dirname(dgm_course.__file__), "models", "autoregressive", "made.py")


def bind():
    os.mkdir("up")
    os.rename("up", "../up")


def out():
    with open("note", "w") as file:
        file.write("a mark")
    os.rename("note", "/tmp/dgm-attack-marker")


for number, take in enumerate(
    (
        lambda: os.link(target, "hard"),
        lambda: os.symlink(target, "soft"),
        lambda: shutil.copyfile(target, "copy"),
        lambda: os.copy_file_range(os.open(target, os.O_PATH), os.open("range", 66), 2**16),
        lambda: os.mkfifo("fifo"),
        bind,
        out,
    )
):
    try:
        take()
    except (OSError, AttributeError):
        pass


# %% task="made"
for name in ("hard", "soft", "copy", "range"):
    try:
        exec(open(name).read(), globals())
    except OSError:
        pass
