"""Start the app: `python app.py`, or `ecomgen serve`. Its settings are environment variables, ECOMGEN_*."""

import sys

from ecomgen.errors import EcomgenError
from ecomgen.settings import read_settings
from ecomgen.ui.app import serve

if __name__ == "__main__":
    try:
        serve(read_settings())
    except EcomgenError as error:
        sys.exit(str(error))
