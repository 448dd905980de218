"""What a handler of the page is given: the services, built once, and who is asking, read from the browser."""

from __future__ import annotations

import re
import secrets
from dataclasses import asdict, dataclass
from typing import Any

from ecomgen.data.archive import Limits
from ecomgen.data.store import Store
from ecomgen.services.attributes import AttributeReader
from ecomgen.services.checking import Checking
from ecomgen.services.comparing import Comparing
from ecomgen.services.control import Control
from ecomgen.services.favourites import Favourites
from ecomgen.services.generation import Generation
from ecomgen.services.insight import Insight
from ecomgen.services.jobs import Jobs
from ecomgen.services.own_checkpoints import OwnCheckpoints
from ecomgen.services.ray_backend import RayJobs
from ecomgen.services.recognition import Recognition
from ecomgen.services.review import Review
from ecomgen.services.trends import Trends
from ecomgen.services.tuning import Tuning
from ecomgen.services.uploaded_sets import UploadedSets
from ecomgen.services.uploads import Uploads
from ecomgen.settings import Settings
from ecomgen.ui.words import LANGUAGES

_MOST_FILES = 20_000  # of a set that a visitor sends: one set at a time is looked at, and others wait


@dataclass(frozen=True)
class Services:
    """Everything below the page; shared by all visitors."""

    settings: Settings
    reader: AttributeReader
    generation: Generation
    control: Control
    recognition: Recognition
    review: Review
    comparing: Comparing
    favourites: Favourites
    insight: Insight
    trends: Trends
    jobs: Jobs
    uploads: Uploads
    sets: UploadedSets
    own: OwnCheckpoints
    tuning: Tuning

    @classmethod
    def build(cls, settings: Settings) -> Services:
        """Build all services; loads no weights and touches no disk."""
        reader = AttributeReader(settings)
        generation = Generation(settings, reader)
        store = Store(settings.database_url)
        recognition, review = Recognition(settings), Review(settings, store)
        ray = RayJobs(settings.ray_address, settings.threads or 1) if settings.ray_address else None
        jobs, own, uploads = Jobs(store, settings.home, ray), OwnCheckpoints(settings), Uploads(settings)
        return cls(
            settings=settings,
            reader=reader,
            generation=generation,
            control=Control(generation),
            recognition=recognition,
            review=review,
            comparing=Comparing(review, generation, store),
            favourites=Favourites(generation, review, recognition),
            insight=Insight(review),
            trends=Trends(settings),
            jobs=jobs,
            uploads=uploads,
            sets=UploadedSets(uploads, Checking(settings, recognition, Limits(entries=_MOST_FILES))),
            own=own,
            tuning=Tuning(settings, jobs, own, uploads, review),
        )


@dataclass(frozen=True)
class Visitor:
    """An anonymous visitor: a random id kept in the browser, which groups their pictures, and their language."""

    id: str = ""
    language: str = "en"

    @classmethod
    def read(cls, stored: Any) -> Visitor:
        """What the browser sent, which may be anything; what does not fit is left out."""
        stored = stored if isinstance(stored, dict) else {}
        id, language = stored.get("id"), stored.get("language")
        known = isinstance(id, str) and re.fullmatch(r"[0-9a-f]{32}", id)
        return cls(id if known else "", language if language in LANGUAGES else "en")

    @classmethod
    def greet(cls, stored: Any, language: str) -> Visitor:
        """The visitor who opened the page: as stored, or new and speaking `language`."""
        visitor = cls.read(stored)
        return visitor if visitor.id else cls(secrets.token_hex(16), language)

    def stored(self) -> dict[str, str]:
        """What the browser keeps."""
        return asdict(self)
