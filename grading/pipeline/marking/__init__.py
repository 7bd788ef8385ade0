"""From a rebuilt notebook to points: hidden tests, confined workers, results, transcripts to judge again."""
