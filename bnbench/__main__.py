"""``python -m bnbench``."""

from bnbench.cli import main

if __name__ == "__main__":
    main()
