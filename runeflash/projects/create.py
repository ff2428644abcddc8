"""A template to a folder: its files copied, its Runefile in the dialect that was asked for."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from runeflash import resources
from runeflash.errors import InternalError, UserError
from runeflash.pipeline import load
from runeflash.projects.dockerfile_text import write_dockerfile_text

_YAML_NAME = "Runefile.yml"
_DOCKERFILE_NAME = "Runefile"


class Dialect(enum.Enum):
    """How the Runefile is written."""

    YAML = "yaml"
    DOCKERFILE = "dockerfile"


@dataclass(frozen=True)
class Template:
    """What a new project can be.

    Attributes:
        folder: where its files are, relative to the program's.
        summary: a few words.
        inputs: the options of ``runeflash run`` that play its data.
    """

    folder: str
    summary: str
    inputs: str


TEMPLATES: Mapping[str, Template] = {
    "gesture": Template("examples/gesture", "gestures from an accelerometer", "--accelerometer ring.csv"),
    "sine": Template("examples/sine", "the smallest pipeline with a model", "--raw input.bin"),
    "empty": Template("templates/project/empty", "a pipeline without a model", "--random 1"),
}


def create_project(place: Path, template: Template, dialect: Dialect) -> list[str]:
    """Make a project.

    Args:
        place: its folder; made if it is not there.
        template: what it is made from.
        dialect: of its Runefile.

    Returns:
        The names of the files, sorted.

    Raises:
        UserError: the folder is not empty, or cannot be written.
    """
    top, _, rest = template.folder.partition("/")
    source = resources.folder(top) / rest
    contents = {path.name: path.read_bytes() for path in sorted(source.iterdir()) if path.is_file()}
    if dialect is Dialect.DOCKERFILE:
        del contents[_YAML_NAME]
        contents[_DOCKERFILE_NAME] = _in_dockerfile_dialect(source / _YAML_NAME).encode()
    contents[".gitignore"] = b"build/\n"
    try:
        if place.exists() and (not place.is_dir() or any(place.iterdir())):
            raise UserError(f"{place} exists already", hint="choose another name, or an empty folder")
        place.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            (place / name).write_bytes(content)
    except OSError as error:
        raise UserError(f"{error.filename or place} cannot be written ({error.strerror})") from error
    return sorted(contents)


def _in_dockerfile_dialect(path: Path) -> str:
    source, pipeline, diagnostics = load(path)
    if pipeline is None:
        raise InternalError(f"the template {path} has errors: {[item.message for item in diagnostics]}")
    return write_dockerfile_text(pipeline, source)
