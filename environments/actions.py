"""Actions: what an environment takes, told to agents in a sentence and to models as a schema.

``Choice`` is one of a few names, ``Text`` and ``Number`` are what they say, ``Record`` is a JSON object of such fields;
``parts`` has the choice for each of several things. Write another by giving a class the methods of ``ActionSchema``.
"""

from __future__ import annotations

import json
import math
import random
import re
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Protocol, TypeAlias

from ..errors import ActionError, EnvironmentContractError, options

Json: TypeAlias = Any
"""A value that JSON can carry: null, booleans, finite numbers, strings, and lists and string-keyed objects of them."""


LONGEST = 300
"""Characters of an action in a message."""


class ActionSchema(Protocol):
    """Which actions an environment takes.

    One with finitely many may say how many in an attribute ``size``; then agents aren't told which actions are legal
    at a step where all of them are.
    """

    def validate(self, action: Json) -> Json:
        """Return the action in its canonical form.

        Raises:
            ActionError: It isn't one; the message names what is allowed.
        """
        ...

    def describe(self) -> str:
        """What tells an agent what it may answer, on one line."""
        ...

    def annotation(self) -> Any:  # noqa: ANN401  a type form, for which Python 3.11 has no type
        """The type that pydantic checks an answer against."""
        ...

    def sample(self, rng: random.Random) -> Json:
        """An action drawn at random; the same from the same state of the generator.

        Raises:
            EnvironmentContractError: It can't draw one.
        """
        ...


@dataclass(frozen=True)
class Choice:
    """One of a few named actions; the first-named order is the order agents read."""

    options: tuple[str, ...]

    @property
    def size(self) -> int:
        """How many actions there are."""
        return len(self.options)

    def validate(self, action: Json) -> Json:
        """Return the action if it is one of the options, else raise ``ActionError``."""
        if action not in self.options:
            raise ActionError(f"action {shown(action)} isn't allowed: {options(named(action), self.options)}")
        return action

    def describe(self) -> str:
        """Name the options."""
        return "one of: " + ", ".join(self.options)

    def annotation(self) -> Any:  # noqa: ANN401  as in the protocol
        """A ``Literal`` of the options."""
        return Literal[self.options]

    def sample(self, rng: random.Random) -> Json:
        """One of the options."""
        return drawn(self.options, rng)


@dataclass(frozen=True)
class Text:
    """Words: a command, an answer, a query.

    Attributes:
        max_length: No text is longer; in characters.
        pattern: A regular expression that the whole text has to match; ``None`` for any text.
        examples: Texts that are allowed; samples are drawn from them, and need them where there is a pattern.

    Raises:
        EnvironmentContractError: There is no such text, the pattern is none, or an example isn't allowed.
    """

    max_length: int
    pattern: str | None = None
    examples: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the bounds."""
        if self.max_length < 1:
            raise EnvironmentContractError(f"Text: max_length is {self.max_length}; give 1 or more")
        try:
            re.compile(self.pattern or "")
        except re.error as error:
            raise EnvironmentContractError(f"Text: {self.pattern!r} is no regular expression: {error}") from None
        for example in self.examples:
            try:
                self.validate(example)
            except ActionError as error:
                raise EnvironmentContractError(f"Text: an example isn't allowed: {error}") from None

    def validate(self, action: Json) -> Json:
        """Return the text, else raise ``ActionError``."""
        if not isinstance(action, str):
            raise ActionError(f"action {shown(action)} isn't allowed: give {self.describe()}")
        if len(action) > self.max_length:
            raise ActionError(f"the action has {len(action)} characters: give {self.describe()}")
        if "\0" in action or any("\ud800" <= character <= "\udfff" for character in action):
            raise ActionError(f"action {shown(action)} has characters that no text has: give {self.describe()}")
        if self.pattern is not None and not re.fullmatch(self.pattern, action):
            raise ActionError(f"action {shown(action)} isn't allowed: give {self.describe()}")
        return action

    def describe(self) -> str:
        """Say how long it may be and what it has to look like."""
        form = f" that matches {self.pattern}" if self.pattern is not None else ""
        return f"a text of at most {self.max_length} characters{form}"

    def annotation(self) -> Any:  # noqa: ANN401  as in the protocol
        """A string that is validated."""
        form = {} if self.pattern is None else {"pattern": f"^(?:{self.pattern})$"}
        return checked(str, self, {"type": "string", "maxLength": self.max_length, **form})

    def sample(self, rng: random.Random) -> Json:
        """One of the examples; without any, a few letters."""
        if self.examples:
            return drawn(self.examples, rng)
        if self.pattern is not None:
            raise EnvironmentContractError(f"no text can be drawn that matches {self.pattern}: give Text examples=")
        length = 1 + int(rng.random() * min(self.max_length, 20))
        return "".join(drawn(string.ascii_lowercase, rng) for _ in range(length))


@dataclass(frozen=True)
class Number:
    """A number within bounds, both included.

    Raises:
        EnvironmentContractError: The bounds aren't finite, or no such number lies between them.
    """

    low: float
    high: float
    integer: bool = False

    def __post_init__(self) -> None:
        """Check the bounds."""
        bounded = math.isfinite(self.low) and math.isfinite(self.high)
        if not bounded or self.low > self.high or (self.integer and math.ceil(self.low) > math.floor(self.high)):
            raise EnvironmentContractError(f"Number: there is none from {self.low} to {self.high}; give finite bounds")

    @property
    def size(self) -> int | None:
        """How many actions there are; ``None`` unless they are whole numbers."""
        return math.floor(self.high) - math.ceil(self.low) + 1 if self.integer else None

    def validate(self, action: Json) -> Json:
        """Return the number, an ``int`` if it is to be whole and a ``float`` otherwise, else raise ``ActionError``."""
        fits = isinstance(action, int | float) and not isinstance(action, bool) and self.low <= action <= self.high
        if not fits or (self.integer and action != int(action)):
            raise ActionError(f"action {shown(action)} isn't allowed: give {self.describe()}")
        return int(action) if self.integer else float(action) + 0.0

    def describe(self) -> str:
        """Name the bounds."""
        return f"a {'whole ' if self.integer else ''}number from {self.low:g} to {self.high:g}"

    def annotation(self) -> Any:  # noqa: ANN401  as in the protocol
        """A number that is validated."""
        kind = "integer" if self.integer else "number"
        return checked(Any, self, {"type": kind, "minimum": self.low, "maximum": self.high})

    def sample(self, rng: random.Random) -> Json:
        """Any number within the bounds, each as likely."""
        if self.integer:
            least = math.ceil(self.low)
            return least + int(rng.random() * (math.floor(self.high) - least + 1))
        return min(self.high, self.low + rng.random() * (self.high - self.low)) + 0.0


@dataclass(frozen=True)
class Record:
    """A JSON object: a value for every field, each with a schema of its own.

    Raises:
        EnvironmentContractError: It has no fields.
    """

    fields: Mapping[str, ActionSchema] = field(compare=False)
    _items: tuple[tuple[str, ActionSchema], ...] = field(init=False, repr=False)
    """The same, hashable."""

    def __post_init__(self) -> None:
        """Copy the fields."""
        if not self.fields:
            raise EnvironmentContractError("Record: there are no fields; give one or more")
        object.__setattr__(self, "fields", dict(self.fields))
        object.__setattr__(self, "_items", tuple(self.fields.items()))

    @property
    def size(self) -> int | None:
        """How many actions there are; ``None`` if a field doesn't say."""
        sizes: list[int | None] = [getattr(schema, "size", None) for schema in self.fields.values()]
        known = [size for size in sizes if size is not None]
        return math.prod(known) if len(known) == len(sizes) else None

    def validate(self, action: Json) -> Json:
        """Return the object with its fields in order, else raise ``ActionError``."""
        if not isinstance(action, Mapping):
            raise ActionError(f"action {shown(action)} isn't allowed: give {self.describe()}")
        for name in action:
            if name not in self.fields:
                raise ActionError(f"the action has no field {name!r}: {options(str(name), self.fields)}")
        return {name: self._value(name, action) for name in self.fields}

    def _value(self, name: str, action: Mapping[str, Json]) -> Json:
        if name not in action:
            raise ActionError(f"the action has nothing for {name!r}: give {self.describe()}")
        try:
            return self.fields[name].validate(action[name])
        except ActionError as error:
            raise ActionError(f"{name}: {error}") from None

    def describe(self) -> str:
        """Name the fields and what goes into each."""
        fields = ", ".join(f"{name} ({schema.describe()})" for name, schema in self.fields.items())
        return f"a JSON object with {fields}"

    def annotation(self) -> Any:  # noqa: ANN401  as in the protocol
        """An object that is validated."""
        from pydantic import TypeAdapter

        properties = {name: TypeAdapter(schema.annotation()).json_schema() for name, schema in self.fields.items()}
        closed = {"required": list(properties), "additionalProperties": False}
        return checked(dict[str, Any], self, {"type": "object", "properties": properties, **closed})

    def sample(self, rng: random.Random) -> Json:
        """An object with every field drawn."""
        return {name: schema.sample(rng) for name, schema in self.fields.items()}


def written(action: Json) -> str:
    """An action on one line: a text as it is if every character of it can be seen, anything else as JSON."""
    return action if isinstance(action, str) and action.isprintable() else json.dumps(action, ensure_ascii=False)


def shown(action: Json) -> str:
    """An action in a message, cut where it is long: whoever is told of it needn't read all of it."""
    try:
        text = repr(action)
    except (ValueError, RecursionError):  # a number of more digits than Python writes, or what holds itself
        return f"this {type(action).__name__}"
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def named(action: Json) -> str:
    """What an action may have been meant to be called."""
    return action[:LONGEST] if isinstance(action, str) else shown(action)


def taken(action: Json, schema: ActionSchema, legal: tuple[Json, ...] | None, step: int) -> Json:
    """The action in its canonical form.

    Raises:
        ActionError: The schema doesn't allow it, or it isn't legal at this step.
    """
    action = schema.validate(action)
    if legal is not None and action not in legal:
        now = options(written(action), map(written, legal))
        raise ActionError(f"action {written(action)!r} isn't legal at step {step}: {now}")
    return action


def fewer(legal: tuple[Json, ...] | None, schema: ActionSchema) -> bool:
    """Whether these are fewer actions than the schema's."""
    size = getattr(schema, "size", None)
    return legal is not None and (size is None or len(legal) < size)


def drawn(found: tuple[str, ...] | str, rng: random.Random) -> str:
    """One of several; ``random()`` alone gives the same numbers in every Python version."""
    return found[int(rng.random() * len(found))]


def checked(kind: Any, schema: ActionSchema, told: Mapping[str, Any]) -> Any:  # noqa: ANN401  type forms
    """A type whose values the schema itself validates, and what a model is told of it."""
    from pydantic import AfterValidator, WithJsonSchema

    def check(action: Json) -> Json:
        try:
            return schema.validate(action)
        except ActionError as error:
            raise ValueError(str(error)) from None

    return Annotated[kind, AfterValidator(check), WithJsonSchema(dict(told))]
