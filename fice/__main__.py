"""`python -m fice` is `fice`."""

from fice.cli import main

if __name__ == "__main__":
    main(prog_name="fice")
