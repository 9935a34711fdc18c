"""bnbench: does batch normalization help? The published benchmarks, re-run and corrected."""
