"""Figures: one a file, tidy table in, Axes out; nothing here saves to a name or shows a window."""
