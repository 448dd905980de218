"""Start the app: `python app.py`, or `ecomgen serve`."""

from ecomgen.settings import read_settings
from ecomgen.ui.app import serve

if __name__ == "__main__":
    serve(read_settings())
