"""How good is a generative model: likelihood in comparable units, and distances between samples."""

from dgm_course.metrics.distances import mmd2, sliced_wasserstein
from dgm_course.metrics.likelihood import bits_per_dim, bits_per_dim_of_scaled, nats_from_bits_per_dim

__all__ = ["bits_per_dim", "bits_per_dim_of_scaled", "mmd2", "nats_from_bits_per_dim", "sliced_wasserstein"]
