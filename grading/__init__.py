"""The instructor side: hidden tests, the sandbox that student code runs in, and the grading pipeline."""
