"""Where things are and how the app listens: environment variables `ECOMGEN_*`, each with a default."""

from pathlib import Path
from typing import Any

from platformdirs import user_data_path
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from ecomgen.errors import ConfigError


def bundled(folder: str) -> Path:
    """A folder that ships with ecomgen: beside the package in a clone, inside it once installed from a wheel."""
    package = Path(__file__).resolve().parent
    inside = package / folder
    return inside if inside.is_dir() else package.parent / folder


class Settings(BaseSettings):
    """Read once at the start and passed on; nothing else looks at the environment."""

    model_config = SettingsConfigDict(env_prefix="ECOMGEN_", extra="ignore")

    checkpoints: Path = Field(
        default_factory=lambda: bundled("checkpoints"),
        description="Folder of checkpoints, one subfolder each.",
    )
    home: Path = Field(
        default_factory=lambda: user_data_path("ecomgen"),
        description="Writable folder: feedback database, generated pictures, uploads, own checkpoints.",
    )
    database: str = Field(default="", description="SQLAlchemy URL; empty means SQLite in the home folder.")
    model: str = Field(default="default", description="Checkpoint that is used when none is named.")
    text_encoder: str = Field(
        default="",
        description="Another CLIP text model: a hub name or a folder; empty means the bundled one.",
    )
    host: str = Field(default="127.0.0.1", description="Address the app listens on.")
    port: int = Field(default=7860, ge=0, le=65535, description="Port the app listens on.")
    max_count: int = Field(default=16, ge=1, description="Most pictures in one request.")
    max_prompt_length: int = Field(default=500, ge=1, description="Longest prompt, in characters.")
    threads: int = Field(default=0, ge=0, description="CPU threads for the networks; 0 means all cores.")
    kept_pictures: int = Field(
        default=5000,
        ge=16,
        description="Most picture files kept in the home folder; the oldest unvoted go first.",
    )

    max_upload_mb: int = Field(
        default=512, ge=1, description="Largest product set that can be uploaded, in MB."
    )
    policy: Path | None = Field(
        default=None,
        description="The operator's policy file (words, brands, rules of the house); none means the bundled one.",
    )

    decency_model: str = Field(
        default="",
        description="Picture classifier of transformers (a hub name or a folder) with a label like nsfw, which turns away "
        "unsuitable uploads; empty means none.",
    )

    product_sets: str = Field(
        default="",
        description="Folder of product sets that everyone who opens the page may fine-tune on; empty means none.",
    )

    ray_address: str = Field(
        default="",
        description="Ray cluster that jobs run on, as http://host:8265; empty means on this machine. It needs ecomgen[ray] and "
        "the home folder on a file system that the whole cluster shares.",
    )

    @property
    def own_checkpoints(self) -> Path:
        """Folder of the checkpoints that were fine-tuned or imported here."""
        return self.home / "checkpoints"

    @property
    def checkpoint_folders(self) -> tuple[Path, Path]:
        """Both folders of checkpoints."""
        return self.checkpoints, self.own_checkpoints

    def checkpoint(self, name: str) -> Path:
        """The folder of the checkpoint of this name; where there is none, the one that it would have among the bundled."""
        bundled, own = self.checkpoints / name, self.own_checkpoints / name
        return own if not (bundled / "config.json").is_file() and (own / "config.json").is_file() else bundled

    @property
    def database_url(self) -> str:
        """The store's SQLAlchemy URL."""
        return self.database or f"sqlite:///{self.home / 'feedback.db'}"


def read_settings(**changes: Any) -> Settings:
    """The settings of the environment, with `changes` on top. Raises ConfigError for an impossible value."""
    try:
        return Settings(**changes)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        shown = name if name in changes else f"ECOMGEN_{name.upper()}"
        raise ConfigError(f"The setting {shown} is not usable: {first['msg'].lower()}.") from error
