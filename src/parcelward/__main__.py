"""`python -m parcelward` is the command line."""

from parcelward.cli import main

if __name__ == "__main__":
    main()
