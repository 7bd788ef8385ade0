"""Student code runs here: a zygote forks confined workers, and trusted code talks to them by plain frames."""
