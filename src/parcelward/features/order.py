"""Rows are filled by name: a function that makes a row names the features of its values, and each goes to its place."""

from collections.abc import Callable
from operator import itemgetter
from typing import ParamSpec

from parcelward.features.table import INDEX, Row

Made = ParamSpec("Made")


def filled_by_name(*names: str) -> Callable[[Callable[Made, Row]], Callable[Made, Row]]:
    """Decorate a function that returns the values of these features: it then returns them in the order of `FEATURES`.

    A function that has that order already is returned as it is, and costs nothing more. Raises ValueError unless every
    feature is named once.
    """
    wrong = sorted(name for name in {*names, *INDEX} if names.count(name) != (name in INDEX))
    if wrong:
        raise ValueError(f"a row gives each feature of the table once and no other; look at: {', '.join(wrong)}")
    if names == tuple(INDEX):
        return lambda make: make
    given = {name: position for position, name in enumerate(names)}
    take = itemgetter(*(given[name] for name in INDEX))

    def rearranging(make: Callable[Made, Row]) -> Callable[Made, Row]:
        return lambda *args, **kwargs: list(take(make(*args, **kwargs)))

    return rearranging
