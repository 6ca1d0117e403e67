"""The command line of a checkout that is not installed: `python cli.py edit ...`."""

from fice.cli import main

if __name__ == "__main__":
    main()
