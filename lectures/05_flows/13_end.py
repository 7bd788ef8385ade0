# %% [markdown] slide="slide"
# ## What to take home
#
# | | density of data | one draw | what a layer changes | what it reads |
# | --- | --- | --- | --- | --- |
# | planar | root search | one pass | all, along one direction | – |
# | RealNVP, Glow | one pass | one pass | half | half |
# | MAF | one pass | $D$ steps, one pass of arithmetic | all | all before |
# | IAF | $D$ steps | one pass | all | all before |
# | splines | one pass | one pass | half, along curves | half |
#
# - A flow is a change of variables with a cheap determinant; every architecture is a way to make it triangular.
# - Integers are not real numbers: fill the cell, all of it, and pay for what you know about it.
# - A likelihood that was never integrated is a rumour.

# %% [markdown] slide="slide"
# ## Before the homework
#
# 1. You double all pixel values of a data set. What happens to the NLL in nats? To the bits per dimension of the integers?
# 2. Why can a flow not change the topology of the Gaussian, and where does one see it in the picture of the moons?
# 3. Which of the flows above could map 3 numbers to 2?
# 4. Someone reports 0.9 bits/dim on 8-bit images. Which two questions do you ask first?
#
# ## References
#
# Tabak & Vanden-Eijnden 2010 · Rezende & Mohamed 2015 ([1505.05770](https://arxiv.org/abs/1505.05770)) · Dinh et al. 2015, 2017
# ([1410.8516](https://arxiv.org/abs/1410.8516), [1605.08803](https://arxiv.org/abs/1605.08803)) · Kingma et al. 2016
# ([1606.04934](https://arxiv.org/abs/1606.04934)) · Papamakarios et al. 2017 ([1705.07057](https://arxiv.org/abs/1705.07057)) ·
# Kingma & Dhariwal 2018 ([1807.03039](https://arxiv.org/abs/1807.03039)) · Durkan et al. 2019
# ([1906.04032](https://arxiv.org/abs/1906.04032)) · Ho et al. 2019 ([1902.00275](https://arxiv.org/abs/1902.00275)) · Theis et al. 2016
# ([1511.01844](https://arxiv.org/abs/1511.01844)) · review: Papamakarios et al. 2021
# ([1912.02762](https://arxiv.org/abs/1912.02762)).
