"""Homework 1: autoregressive models, twelve tasks, a hundred points."""

from dgm_course.homework.course import Homework, Task

HOMEWORK = Homework(
    id="hw1",
    title="Autoregressive models",
    folder="hw1_autoregressive",
    tasks=(
        Task(1, "histogram", "Histograms: counting as maximum likelihood", 6),
        Task(2, "discretized-logistic", "A mixture of discretised logistics", 10),
        Task(3, "markov", "A Markov window", 6),
        Task(4, "char-rnn", "A character RNN", 8),
        Task(5, "made", "MADE: masks for any ordering", 12),
        Task(6, "wavenet", "Causal dilated convolutions", 8),
        Task(7, "masked-conv", "Masked convolutions over pixels and channels", 12),
        Task(8, "gated-pixelcnn", "Gated PixelCNN without a blind spot", 10),
        Task(9, "attention", "Causal self-attention with a cache", 8),
        Task(10, "sampling", "Ancestral sampling and inpainting", 6),
        Task(11, "train", "Training on digits", 8, needs=("made", "masked-conv"), cpu_seconds=120.0),
        Task(12, "conditional", "A conditional model is a classifier", 6, needs=("made",)),
    ),
)
