"""`python -m tests.bench.outcomes [--repeats 2000]`: do the estimators of outcomes say the truth where it is known?

For each world of `tests/estimators.py`: the truth, the mean estimate, and how many of the 95 % intervals held the
truth; beside them the naive figures, which count only what happened to be looked at.
"""

import argparse

from tests.estimators import WORLDS, measure


def main() -> None:
    """Print a line for each world and estimator."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=2000)
    given = parser.parse_args()
    print("| world | figure | truth | mean estimate | intervals that hold it | enough to say |")
    print("|---|---|---|---|---|---|")
    for world in WORLDS:
        for name, found in measure(world, given.repeats).items():
            print(
                f"| {world.name} | {name} | {found.truth:.3f} | {found.estimate:.3f} | {found.covered:.1%} |"
                f" {found.spoke:.0%} |"
            )


if __name__ == "__main__":
    main()
