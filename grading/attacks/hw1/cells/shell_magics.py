"""Use the shell's own powers: magics that run, load, store and write files, programs, and other languages."""

# %%
shell = get_ipython()
for line in (
    "%run /etc/profile",
    "%load ../../solutions/hw1_autoregressive/05_made.py",
    "%store -r",
    "%env",
    "%cd /",
    "%pip install numpy",
    "%system id",
    "!cat /proc/1/environ",
    "%%bash\ntouch /tmp/dgm-attack-marker",
    "%%script python\nopen('/tmp/dgm-attack-marker', 'w')",
    "%%writefile /tmp/dgm-attack-marker\na mark",
    "%load_ext autoreload",
):
    try:
        shell.run_cell(line)
    except BaseException:
        pass
