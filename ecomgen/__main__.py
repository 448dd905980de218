"""`python -m ecomgen` is the command `ecomgen`."""

from ecomgen.cli import main

if __name__ == "__main__":
    main()
