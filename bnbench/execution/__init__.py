"""Execution: which runs are to be done, and doing them side by side."""
