"""`python -m fice` is `fice`."""

from fice.cli import run

if __name__ == "__main__":
    run()
