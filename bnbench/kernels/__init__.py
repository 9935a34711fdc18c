"""Layers of maps whose batch lies innermost in memory: loops that a compiler vectorizes over it.

PyTorch's convolutions are made for many channels. LeNet-5 has 1, 6 and 16, but 64 examples: stored
as (C, H, W, N), every load is a contiguous row of a batch, whatever the number of channels.
"""
