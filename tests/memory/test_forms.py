"""Values against the schemas that questions keep: what pydantic takes fits, what it refuses doesn't."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from doxa.memory.forms import fitting, misfit, ruling


class Order(BaseModel):
    """An action with parts."""

    model_config = ConfigDict(extra="forbid", strict=True)

    asset: Literal["AAPL", "MSFT"]
    share: Annotated[float, Field(ge=0, le=1)]
    note: Annotated[str, Field(max_length=5)] | None = None


KINDS: tuple[Any, ...] = (
    Literal["buy", "sell"],
    bool,
    int,
    Annotated[int, Field(gt=0, lt=3)],
    Annotated[float, Field(ge=-1, le=1)],
    Annotated[str, Field(min_length=1, max_length=4)],
    Order,
    Annotated[list[Order], Field(min_length=1, max_length=2)],
    dict[str, float],
    Order | Literal["wait"],
    None | int,
)
ORDER = {"asset": "AAPL", "share": 0.5}
VALUES: tuple[Any, ...] = (
    *("buy", "wait", "", "too long", 1, 2, 0, 3, 7, True, None, 0.5, -2.0, [], {}, [1], {"a": 0.5}, {"a": "b"}),
    *(ORDER, {**ORDER, "note": "fine"}, {**ORDER, "note": "too long"}, {**ORDER, "share": 2.0}, {"asset": "AAPL"}),
    *({**ORDER, "more": 1}, [ORDER], [ORDER] * 3, [{**ORDER, "asset": "GOOG"}]),
)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_value_fits_a_schema_exactly_if_it_fits_the_type(kind: Any) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    for value in VALUES:
        try:
            adapter.validate_python(value, strict=True)
            fits = True
        except ValidationError:
            fits = False
        assert (misfit(value, adapter.json_schema()) is None) is fits, (value, misfit(value, adapter.json_schema()))


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("snow", "asset: 'snow' is none of 'AAPL', 'MSFT'"),
        (2, "asset: 2 is none of 'AAPL', 'MSFT'"),
    ],
)
def test_a_misfit_names_the_place_and_what_is_allowed(value: object, told: str) -> None:
    assert misfit({**ORDER, "asset": value}, TypeAdapter(Order).json_schema()) == told


def test_a_ruling_holds_an_action_of_any_form() -> None:
    schema = ruling(TypeAdapter(list[Order]).json_schema())
    assert misfit("approve", schema) is None
    assert misfit({"verdict": "reject", "action": [ORDER]}, schema) is None
    assert misfit({"verdict": "approve", "action": [ORDER]}, schema) is not None
    assert misfit({"verdict": "reject", "action": [{**ORDER, "share": 3}]}, schema) is not None
    assert fitting(["edit", '[{"asset": "AAPL", "share": 1}]'], schema) == [
        {"verdict": "edit", "action": [{"asset": "AAPL", "share": 1}]}
    ]


def test_words_are_text_where_text_fits_and_json_where_it_doesnt() -> None:
    assert fitting(["12"], {"type": "string"}) == ["12"]
    assert fitting(["12"], {"type": "integer"}) == [12]
    assert fitting(["so", "it", "is"], {"type": "string"}) == ["so it is"]
    assert fitting([], {"type": "string", "minLength": 1}) == []
