"""The one door to the operator's policy: what must not be asked for is refused in a sentence, what a rule changes is told."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from ecomgen.errors import PolicyRefusal
from ecomgen.schema import default_schema
from ecomgen.services.house_rules import Ruled, apply_rules
from ecomgen.services.policy import Policy, policy_file, read_policy
from ecomgen.services.words_guard import WordsGuard
from ecomgen.settings import Settings


class Guard:
    """The policy in force. Its file is read when it is first needed; every method raises ConfigError when it is not usable."""

    def __init__(self, settings: Settings) -> None:
        self._file = policy_file(settings)

    @property
    def policy(self) -> Policy:
        """What the file says."""
        return read_policy(self._file)

    def check_prompt(self, text: str) -> None:
        """Raise PolicyRefusal when a word or a brand of the policy is in the text, also in disguise."""
        self._refuse(_finder(self._file).find(text))

    def check_note(self, text: str) -> None:
        """The same for names, tags and comments, which may name brands."""
        self._refuse(_finder(self._file).find(text, but=len(self.policy.topics)))

    def ruled(self, wanted: Mapping[str, str | None], prompt: str = "") -> Ruled:
        """What is wanted as the rules of the house allow it. Raises PolicyRefusal where no product would be left."""
        return apply_rules(self.policy.rules, wanted, prompt)

    def _refuse(self, found: int | None) -> None:
        if found is None:
            return
        en, zh = (*self.policy.topics, self.policy.brands)[found].label
        raise PolicyRefusal(
            f"This shop's policy on {en} does not allow this wording; please choose other words.",
            f"店铺关于“{zh}”的规定不允许这样的内容，请换一种说法。",
        )


@lru_cache(maxsize=8)
def _finder(file: Path) -> WordsGuard:
    """What finds the words of each topic, and as the last one the brands."""
    policy = read_policy(file)
    ordinary = [word for attribute in default_schema() for value in attribute.values for word in value.words]
    topics = [topic.terms for topic in (*policy.topics, policy.brands)]
    return WordsGuard(topics, policy.allowed, ordinary)
