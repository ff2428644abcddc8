"""Resources: their data, from the Runefile, from files, or from the command line."""

from __future__ import annotations

from collections.abc import Mapping

from runeflash import diagnostic_codes as codes
from runeflash.diagnostics import Span
from runeflash.pipeline.context import Context
from runeflash.pipeline.files import path_hint, read_file
from runeflash.pipeline.graph import Resource, ResourceKind
from runeflash.pipeline.names import Names
from runeflash.runefile.tree import ResourceDeclaration, ResourceReference


class Resources:
    """The resources of a file, and which of them are used."""

    def __init__(self, loaded: Mapping[str, Resource], names: Names, context: Context) -> None:
        self.loaded = loaded
        self.used: set[str] = set()
        self._names = names
        self._context = context

    def look_up(self, reference: ResourceReference, stage: str) -> Resource | None:
        """Return the resource that a stage refers to; report it if there is none."""
        name = reference.name
        resource = self.loaded.get(name)
        if resource is not None:
            self.used.add(name)
            return resource
        if name in self._names.stages:
            self._context.error(codes.NOT_A_RESOURCE, f'"${name}" is not a resource', reference.span, stage=stage)
        elif name in self._names.unreadable:
            self._context.failed.add(stage)
        else:
            self._context.error(
                codes.NO_RESOURCE,
                f'No definition for "${name}"',
                reference.span,
                stage=stage,
                hint=self._context.suggest(name, self.loaded) or f"declare {name} under `resources:`",
            )
        return None

    def look_up_text(self, reference: ResourceReference, stage: str) -> str | None:
        """Return the text of a string resource; None after an error, or where it has no data to check with."""
        resource = self.look_up(reference, stage)
        if resource is None:
            return None
        if resource.kind is not ResourceKind.STRING:
            self._context.error(
                codes.WRONG_RESOURCE_KIND,
                f'"${reference.name}" should be a string resource',
                reference.span,
                stage=stage,
                hint=f"take `type: binary` from the declaration of {reference.name}",
            )
            return None
        if resource.data is None:
            self.report_missing_data(resource, reference.span, stage)
            return None
        return resource.data.decode("utf-8", "replace")

    def report_missing_data(self, resource: Resource, span: Span, stage: str) -> None:
        """Report that a resource has no data; a build needs them."""
        if resource.path is not None:  # then reading it has failed, which was reported
            self._context.failed.add(stage)
            return
        self._context.refuse(
            codes.RESOURCE_WITHOUT_DATA,
            f'The resource "{resource.name}" has no data',
            span,
            stage=stage,
            hint=f"give it a path or an inline value, or build with --resource {resource.name}=@FILE",
        )


def load_resources(names: Names, overrides: Mapping[str, bytes], context: Context) -> Resources:
    """Load all resources of a file.

    Args:
        names: the names of the file.
        overrides: data from the command line by resource name, which count before those of the file.
        context: for diagnostics.
    """
    for name in overrides:
        if name not in names.resources:
            context.error(
                codes.UNKNOWN_OVERRIDE,
                f'There is no resource called "{name}" to give data to',
                None,
                hint=context.suggest(name, names.resources),
            )
    loaded = {name: _load(declaration, overrides.get(name), context) for name, declaration in names.resources.items()}
    return Resources(loaded, names, context)


def _load(declaration: ResourceDeclaration, override: bytes | None, context: Context) -> Resource:
    name = declaration.name.text
    kind = ResourceKind.BINARY if declaration.is_binary else ResourceKind.STRING
    path = declaration.path
    data = override
    span = declaration.name.span
    if data is None and declaration.inline is not None:
        data = declaration.inline.text.encode("utf-8", "replace")
    if data is None and path is not None:
        span = path.span
        content = read_file(context.folder, path.text)
        data = content.data
        if content.error is not None:
            message = f'Unable to read "{path.text}" for "{name}": {content.error}'
            context.error(codes.UNREADABLE_FILE, message, span, hint=path_hint(path.text))
        elif content.is_folder:
            message = f'"{path.text}" is a folder, and a resource is one file'
            context.refuse(codes.DIRECTORY, message, span, hint="pack it into one file")
    if data is not None and kind is ResourceKind.STRING:
        try:
            data.decode()
        except UnicodeDecodeError:
            hint = "declare it with `type: binary` if it is not text"
            context.error(codes.NOT_TEXT, f'The string resource "{name}" is not UTF-8', span, hint=hint)
    inline = declaration.inline.text if declaration.inline is not None else None
    return Resource(name, kind, data, path.text if path is not None else None, inline)
