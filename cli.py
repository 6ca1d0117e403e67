"""The command line of a checkout that is not installed: `python cli.py edit ...`."""

from fice.cli import run

if __name__ == "__main__":
    run()
