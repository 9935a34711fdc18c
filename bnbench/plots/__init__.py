"""Figures: one a file, a tidy table and the axes to draw it into; nothing here shows a window."""
