"""Checked values of a data recipe, each error with the key in it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, NoReturn

from .distributions import SHAPES, Distribution

__all__ = ["RecipeError", "Section"]


class RecipeError(ValueError):
    """A recipe that cannot be used; the message names the key, what was expected and what was found."""


class Section:
    """A mapping of a recipe, from which values are taken and checked.

    Parameters
    ----------
    content : dict
    place : str
        The keys that lead to it, with dots; empty for the whole recipe.
    source : str
        File of the recipe, for messages.

    Raises
    ------
    RecipeError
        If ``content`` is no mapping.
    """

    def __init__(self, content, place: str, source: str):
        self.place, self.source = place, source
        if not isinstance(content, dict):
            self._refuse(place, "a mapping of keys", f"found {content!r}")
        self.content: dict = content
        self._read: set = set()
        self._known: set = set()

    def _refuse(self, place, expected, found) -> NoReturn:
        raise RecipeError(f"{self.source}: {place + ': ' if place else ''}expected {expected}, {found}")

    def fail(self, key: str, expected: str, found: object, advice: str = "") -> NoReturn:
        """Refuse the value of a key."""
        self._refuse(self._key(key), expected, f"found {found!r}" + (f"; {advice}" if advice else ""))

    def fail_whole(self, expected: str, found: object) -> NoReturn:
        """Refuse the section as a whole."""
        self._refuse(self.place, expected, f"found {found!r}")

    def _key(self, key):
        return f"{self.place}.{key}" if self.place else str(key)

    def __contains__(self, key):
        self._known.add(key)
        return key in self.content

    def get(self, key: str, expected: str) -> Any:
        """The value of a key that must be there."""
        if key not in self:
            self._refuse(self._key(key), expected, "but the key is missing; add it")
        self._read.add(key)
        return self.content[key]

    def one_of(self, *keys: str) -> str:
        """The one key that is there of several that exclude each other."""
        there = [key for key in keys if key in self]
        if len(there) != 1:
            found = f"{' and '.join(there)}; keep one of them" if there else "none of them; add one"
            self._refuse(self.place, f"one of the keys {', '.join(keys)}", f"found {found}")
        return there[0]

    def text(self, key):
        value = self.get(key, "text")
        if not isinstance(value, str):
            self.fail(key, "text", value)
        return value

    def number(self, key, low, high, whole=False):
        expected = f"a{' whole' if whole else ''} number from {low:g} to {high:g}"
        value = self.get(key, expected)
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)) or not low <= value <= high:
            self.fail(key, expected, value)
        return value

    def flag(self, key):
        value = self.get(key, "true or false")
        if not isinstance(value, bool):
            self.fail(key, "true or false", value)
        return value

    def section(self, key):
        return Section(self.get(key, "a mapping of keys"), self._key(key), self.source)

    def files(self, key, folder):
        """Existing files of a glob or a list of paths, relative to the recipe."""
        value = self.get(key, "a path, a glob or a list of paths")
        patterns = [value] if isinstance(value, str) else value
        if not isinstance(patterns, list) or not all(isinstance(one, str) for one in patterns) or not patterns:
            self.fail(key, "a path, a glob or a list of paths", value)
        found = []
        for pattern in patterns:
            root, relative = (Path("/"), pattern.lstrip("/")) if pattern.startswith("/") else (folder, pattern)
            matches = sorted(str(path) for path in root.glob(relative))
            if not matches:
                self.fail(key, f"files (looked from {root})", pattern)
            found += matches
        return tuple(found)

    def distribution(self, key, low, high, components=()):
        """A number, or a mapping of one distribution with 'within', 'step' and 'relative_to'."""
        expected = f"a number or one distribution out of {', '.join(SHAPES)}"
        value = self.get(key, expected)
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not is_number and not isinstance(value, dict):
            self.fail(key, expected, value)
        section = Section({"constant": value} if is_number else value, self._key(key), self.source)
        shapes = [name for name in section.content if name in SHAPES]
        if len(shapes) != 1:
            self.fail(key, expected, value)
        shape = shapes[0]
        arguments = section.numbers(shape, SHAPES[shape][0])
        if shape in ("uniform", "log_uniform", "annulus") and not arguments[0] <= arguments[1]:
            section.fail(shape, "[low, high] with low <= high", list(arguments))
        if shape in ("log_uniform", "annulus") and arguments[0] < (1e-300 if shape == "log_uniform" else 0):
            section.fail(shape, "positive limits", list(arguments))
        if shape in ("normal", "log10_normal") and arguments[1] < 0:
            section.fail(shape, "[mean, sigma] with sigma >= 0", list(arguments))
        if shape in ("exponential", "f", "poisson") and min(arguments) <= 0:
            section.fail(shape, "positive numbers", list(arguments))
        if shape == "exponential_below" and arguments[1] <= 0:
            section.fail(shape, "[end, scale] with scale > 0", list(arguments))
        within = section.numbers("within", 2) if "within" in section else None
        if within and not within[0] < within[1]:
            section.fail("within", "[low, high] with low < high", list(within))
        step = section.number("step", 1e-9, 1e9) if "step" in section else None
        relative_to = section.text("relative_to") if "relative_to" in section else None
        if relative_to is not None and relative_to not in components:
            section.fail("relative_to", f"a component given before it ({', '.join(components) or 'none'})", relative_to)
        section.finish()
        distribution = Distribution(shape, arguments, within, step, relative_to, section.place)
        support = distribution.support
        if support[0] > support[1] or support[0] < low or support[1] > high:
            self.fail(key, f"values from {low:g} to {high:g} (see 'within')", value)
        return distribution

    def numbers(self, key, count):
        value = self.get(key, "numbers")
        values = value if isinstance(value, list) else [value]
        wanted = f"{count} number{'s' if count != 1 else ''}" if count else "a list of numbers"
        if not values or any(
            isinstance(one, bool) or not isinstance(one, (int, float)) or not math.isfinite(one) for one in values
        ):
            self.fail(key, wanted, value)
        if count and len(values) != count:
            self.fail(key, wanted, value)
        return tuple(values)

    def finish(self):
        """Refuse a key that nothing has asked for."""
        for key in self.content:
            if key not in self._read:
                known = f"one of the keys {', '.join(sorted(self._known))}"
                self._refuse(self._key(key), known, "found another; correct its name or remove it")
