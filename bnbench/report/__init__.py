"""Run directories in; tables, figures and their CSV files out. Needs no torch."""
