"""Rename a folder all the time while another thread fills it, so that whoever counts its files finds it gone."""

# %%
import os
import threading
import time

os.mkdir("dance-0")
end = time.monotonic() + 0.6


def dance():
    for number in range(10**6):
        if time.monotonic() > end:
            return
        os.rename(f"dance-{number}", f"dance-{number + 1}")


folder = os.open("dance-0", os.O_RDONLY)
threading.Thread(target=dance, daemon=True).start()
for number in range(3000):
    os.close(os.open(f"file-{number}", os.O_CREAT | os.O_WRONLY, dir_fd=folder))
time.sleep(0.3)
