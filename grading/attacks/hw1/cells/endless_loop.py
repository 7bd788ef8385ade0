"""Answer a question with an endless loop, deaf to every signal that can be ignored."""

# %% task="histogram"
import signal

for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)


def fit_histogram(x, num_levels, smoothing=1.0):
    while True:
        pass
