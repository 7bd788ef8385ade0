# %% [markdown]
# ## Done?
#
# The scoreboard runs every visible check once more, in order, on the notebook as it stands now. To be sure
# that it also stands on its own, choose *Restart kernel and run all cells* first: a function that you
# renamed may still be alive in the kernel's memory, but it is not in the file you hand in.

# %% figure="scoreboard"
scoreboard("hw1")

# %% [markdown]
# ## Handing in
#
# Save the notebook and run in a terminal
#
# ```
# dgm submit hw1
# ```
#
# It looks the notebook over (all task cells there, nothing renamed, runs as far as it goes), says what it
# found, and packs one file to upload. You may hand in as often as you like until the deadline; the last one
# counts. A task that is not done costs its own points only, so hand in what you have.
#
# **Before you go**, three questions that the exam likes. Which of the models you wrote can say how likely an
# image is, and in how many network evaluations? Which can draw a new one, and in how many? And which of the
# mistakes you made today would a loss curve have shown you?
