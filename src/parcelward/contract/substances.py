"""Numbers of substances, which look like numbers of persons: those of the Chemical Abstracts Service (7664-93-9)."""


def has_right_check_digit(digits: str, check: str) -> bool:
    """Tell whether the last digit of a CAS number fits: the others, counted from the right, weigh 1, 2, 3 ..."""
    return sum(weight * int(digit) for weight, digit in enumerate(reversed(digits), start=1)) % 10 == int(check)
