"""CEL's exact four-valued meaning in Python: true, false, unknown (None) and `Fault`.

It is used for the few expressions in which something can fail (integer arithmetic, int()) or ?: chooses a value. If one
side of && or || decides the result, an unknown or a fault on the other side does not matter. Otherwise the leftmost
unknown or fault is the result, as in the C++ evaluator. Both sides are always computed: nothing here has side effects.
"""

from collections.abc import Callable
from typing import Any

from parcelward.features.table import Value

INT_MAX = 2**63 - 1
INT_MIN = -(2**63)


class Fault:
    """An evaluation error, as a value."""

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        self.reason = reason


Result = Value | Fault


def conjunction(left: Result, right: Result) -> Result:
    """CEL's &&.

    >>> conjunction(None, False), conjunction(True, None)
    (False, None)
    """
    if left is False or right is False:
        return False
    return right if left is True else left


def disjunction(left: Result, right: Result) -> Result:
    """CEL's ||."""
    if left is True or right is True:
        return True
    return right if left is False else left


def negation(value: Result) -> Result:
    """CEL's !."""
    return (not value) if isinstance(value, bool) else value


def choice(condition: Result, yes: Result, no: Result) -> Result:
    """CEL's ?: ."""
    if condition is True:
        return yes
    return no if condition is False else condition


def strict(function: Callable[..., Any], *args: Result) -> Result:
    """Call a function on its arguments. If any of them is unknown or a fault, the leftmost of those is the result.

    >>> strict(divide, 7, 2), strict(divide, None, 2), strict(divide, 7, 0).reason
    (3, None, 'divide by zero')
    """
    for value in args:
        if value is None or value.__class__ is Fault:
            return value
    try:
        result: Result = function(*args)
    except ArithmeticError as error:
        return Fault(str(error))
    return result


def _whole(value: int) -> int:
    if not INT_MIN <= value <= INT_MAX:
        raise OverflowError("integer overflow")
    return value


def add(left: int, right: int) -> int:
    """int + int within 64 bits."""
    return _whole(left + right)


def subtract(left: int, right: int) -> int:
    """int - int within 64 bits."""
    return _whole(left - right)


def multiply(left: int, right: int) -> int:
    """int * int within 64 bits."""
    return _whole(left * right)


def negate(value: int) -> int:
    """-int within 64 bits."""
    return _whole(-value)


def divide(left: int, right: int) -> int:
    """int / int, truncated toward zero."""
    if right == 0:
        raise ZeroDivisionError("divide by zero")
    quotient = abs(left) // abs(right)
    return _whole(quotient if (left < 0) == (right < 0) else -quotient)


def modulo(left: int, right: int) -> int:
    """int % int with the sign of the left side."""
    if right == 0:
        raise ZeroDivisionError("modulus by zero")
    if left == INT_MIN and right == -1:
        raise OverflowError("integer overflow")
    rest = abs(left) % abs(right)
    return -rest if left < 0 else rest


def divide_double(left: float, right: float) -> float:
    """double / double; IEEE 754, so division by zero is infinite or not a number, never an error."""
    try:
        return left / right
    except ZeroDivisionError:
        if left == 0 or left != left:
            return float("nan")
        return float("inf") if (left > 0) == (str(right)[0] != "-") else float("-inf")


def to_int(value: float) -> int:
    """int(double), truncated toward zero."""
    if not -(2.0**63) < value < 2.0**63:
        raise OverflowError("double out of int64 range")
    return int(value)
