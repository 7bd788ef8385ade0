"""A class graded: by processes of this machine, or by a cluster."""
