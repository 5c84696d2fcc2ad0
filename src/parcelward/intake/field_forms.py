"""The form that the contract asks of a string field, in words, found by the field's place in its model."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from parcelward.contract.patterns import IN_WORDS, RFC3339_PATTERN


def form_at(model: type[BaseModel], location: Sequence[int | str]) -> str:
    """The form of a string field in words, with an example; nothing where the contract asks for none."""
    models = [model]
    for step in location[:-1]:
        models = list(_models_behind(models, step)) or models
    name = str(location[-1]) if location else ""
    field = next((each.model_fields[name] for each in models if name in each.model_fields), None)
    if field is None:
        return ""
    found = [each.pattern for each in _constraints(field.annotation, field.metadata) if getattr(each, "pattern", None)]
    said = IN_WORDS.get(RFC3339_PATTERN if _is_moment(field.annotation) else found[0] if found else "", "")
    return said.removeprefix("must be ") if said.startswith("must be ") else ""


def _models_behind(models: Sequence[type[BaseModel]], step: int | str) -> Iterable[type[BaseModel]]:
    """Find the models to which one step of a place leads: a field, or the tag by which one of several is told."""
    for model in models:
        if step in model.model_fields:
            yield from models_in(model.model_fields[str(step)].annotation)
        elif any(step in getattr(field.annotation, "__args__", ()) for field in model.model_fields.values()):
            yield model


def _constraints(annotation: Any, metadata: Iterable[Any]) -> Iterable[Any]:
    for each in metadata:
        yield each
        yield from getattr(each, "metadata", ())
    for part in getattr(annotation, "__args__", ()):
        yield from _constraints(part, getattr(part, "__metadata__", ()))


def _is_moment(annotation: Any) -> bool:
    return annotation is datetime or any(map(_is_moment, getattr(annotation, "__args__", ())))


def models_in(annotation: Any) -> Iterable[type[BaseModel]]:
    """Find the models in a field's type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from models_in(part)
