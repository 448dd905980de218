"""ecomgen: a prompt in English or Chinese in, product photos out, on a CPU.

from ecomgen import Studio
Studio.load().generate("red running shoes", count=4, seed=7)
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ecomgen.services.studio import Studio

__version__ = "0.1.0"
__all__ = ["Studio", "__version__"]


def __getattr__(name: str) -> Any:
    """`Studio` is imported when it is asked for, so that `import ecomgen` stays instant."""
    if name == "Studio":
        from ecomgen.services.studio import Studio

        return Studio
    raise AttributeError(f"module 'ecomgen' has no attribute {name!r}")
