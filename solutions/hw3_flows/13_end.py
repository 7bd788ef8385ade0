# %% [markdown]
# ## Done?
#
# The scoreboard runs every visible check once more, in order, on the notebook as it stands now. To be sure that it also
# stands on its own, choose *Restart kernel and run all cells* first: a function that you renamed may still be alive in
# the kernel's memory, but it is not in the file you hand in.

# %% figure="scoreboard"
scoreboard("hw3")

# %% [markdown]
# ## Handing in
#
# Save the notebook and run in a terminal
#
# ```
# dgm submit hw3
# ```
#
# It looks the notebook over (all task cells there, nothing renamed, runs as far as it goes), says what it found, and
# packs one file to upload. You may hand in as often as you like until the deadline; the last one counts. A task that is
# not done costs its own points only, so hand in what you have.
#
# **Before you go**, three questions that the exam likes. Which of the flows you wrote give the likelihood in one pass, which a
# sample, and which both? What does each of them pay for its cheap determinant? And which of today's mistakes made the
# likelihood *better*?
