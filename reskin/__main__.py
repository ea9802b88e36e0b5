"""`python -m reskin` is `reskin`."""

from reskin.cli import main

if __name__ == "__main__":
    main()
