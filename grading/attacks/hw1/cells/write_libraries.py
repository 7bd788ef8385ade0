"""Leave code in what later workers import: the course, torch, site-packages, the home folder, /tmp and /dev/shm."""

# %%
import os
import site
import sys

import dgm_course

folders = [os.path.dirname(module.__file__) for module in (dgm_course, torch, np, os)]
folders += [
    *site.getsitepackages(),
    *sys.path,
    os.path.expanduser("~"),
    "/tmp",
    "/dev/shm",
    "/var/tmp",
    "/etc",
]
for folder in folders:
    for name in ("dgm-attack-marker.pth", "dgm-attack-marker.py"):
        try:
            with open(os.path.join(folder, name), "x") as file:
                file.write("# a mark that an attack left\n")
        except OSError:
            pass
for module in (dgm_course, torch):
    try:
        os.open(module.__file__, os.O_WRONLY | os.O_APPEND)
    except OSError:
        pass
