"""Errors that a shopkeeper can act on: every message is one plain sentence, shown as it is."""


class EcomgenError(Exception):
    """Base of all errors that are meant for the user; `str(error)` is one sentence."""


class InvalidRequest(EcomgenError):
    """The request cannot be answered as it stands: a value is out of range or unknown."""


class PolicyRefusal(InvalidRequest):
    """The operator's policy does not allow the request; it brings its own Chinese, for the operator writes the rules."""

    def __init__(self, sentence: str, chinese: str) -> None:
        super().__init__(sentence)
        self.chinese = chinese


class CheckpointError(EcomgenError):
    """A checkpoint is missing, damaged, or not of the kind that was asked for."""


class DataError(EcomgenError):
    """A product set cannot be read, or holds nothing that can be used."""


class ConfigError(EcomgenError):
    """A training or model configuration holds an unknown key or an impossible value."""


class TrainingError(EcomgenError):
    """A training cannot go on."""


class StoreError(EcomgenError):
    """The feedback store cannot be read or written."""
