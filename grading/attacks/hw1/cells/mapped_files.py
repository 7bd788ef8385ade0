"""Keep deleted files alive by mapping them into memory, with no descriptor left to count."""

# %%
import os

kept = []
for number in range(8):
    name = f"mapped-{number}"
    kept.append(torch.from_file(name, shared=True, size=2**17, dtype=torch.float64).fill_(1.0))
    os.remove(name)
