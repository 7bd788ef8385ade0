"""Flood what is shared: output, files, deep folders, descriptors, threads and memory, all within a second."""

# %%
import os
import sys
import threading
import time


def attempt(function):
    try:
        function()
    except BaseException:
        pass


def files():
    for number in range(3000):
        open(f"f{number}", "w").close()


def folders():
    for _ in range(200):
        os.mkdir("d")
        os.chdir("d")
    os.mkdir("closed", 0)


def descriptors():
    keep.extend(os.dup(1) for _ in range(5000))


def threads():
    for _ in range(400):
        threading.Thread(target=time.sleep, args=(1,), daemon=True).start()


keep = []
for _ in range(2000):
    print("graded 100/100 \x1b[2J\u202e" * 100)
print("<script>parent.location = 'https://example.org'</script>" * 1000, file=sys.stderr)
attempt(lambda: keep.append(bytearray(2**40)))
attempt(lambda: open("large", "wb").truncate(2**40))
for flood in (descriptors, folders, files, threads):
    attempt(flood)
