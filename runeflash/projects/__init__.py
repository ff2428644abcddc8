"""New projects: a folder that works, to start from.

Entry points: :data:`TEMPLATES` and :func:`create_project`.
"""

from runeflash.projects.create import TEMPLATES, Dialect, Template, create_project

__all__ = ["TEMPLATES", "Dialect", "Template", "create_project"]
