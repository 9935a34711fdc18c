"""Is a run what it says? Its files read again, the run done again, two runs side by side."""
