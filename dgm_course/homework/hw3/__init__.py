"""Homework 3: normalizing flows, twelve tasks, a hundred points."""

from dgm_course.homework.course import Homework, Task

HOMEWORK = Homework(
    id="hw3",
    title="Normalizing flows",
    folder="hw3_flows",
    tasks=(
        Task(1, "change-of-variables", "Change of variables in one dimension", 6),
        Task(2, "dequantize", "Dequantisation, logits and bits per dimension", 8),
        Task(3, "linear", "Permutations, 1×1 convolutions, reflections", 10),
        Task(4, "planar", "Planar flows", 8),
        Task(5, "coupling", "Affine coupling: RealNVP", 12),
        Task(6, "multiscale", "Squeeze, checkerboard, factor out", 8),
        Task(7, "actnorm", "ActNorm and its first batch", 6),
        Task(8, "maf-iaf", "Masked and inverse autoregressive flows", 12),
        Task(9, "spline", "Rational-quadratic splines", 10),
        Task(10, "mass", "The mass of a density", 8, needs=("coupling",)),
        Task(11, "train-flows", "Training on moons and digits", 8, needs=("coupling",), cpu_seconds=120.0),
        Task(12, "reverse-kl", "Fitting an unnormalised density", 4, needs=("coupling",), cpu_seconds=30.0),
    ),
)
