"""A deep generative models course: data, reference models, homeworks and live demos."""
