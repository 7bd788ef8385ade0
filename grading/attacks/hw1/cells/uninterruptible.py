"""Loop inside C, where no signal handler of Python ever runs: a regular expression that backtracks for hours."""

# %%
import re
import signal

signal.signal(signal.SIGXCPU, lambda *args: None)
re.match("(a|aa)+$", "a" * 200 + "b")
