"""Points in nbgrader's gradebook, as people may have changed them, and out of it as CSV."""
