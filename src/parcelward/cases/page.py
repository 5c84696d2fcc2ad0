"""`python -m parcelward.cases.page docs`: tables of docs/referrals.md and its drawing, made from the table of steps.

The drawing is text (docs/referrals.dot); `make drawing` makes the SVG of it.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from parcelward.cases.machine import DEADLINES, TABLE, WAITING, Deadline
from parcelward.cases.subjects import FOR_THE_SHIFT, KINDS, SAMPLED
from parcelward.contract.steps import Role, StepKind, StepReason

PAGE, DOT = "referrals.md", "referrals.dot"
_COLOURS = {
    Role.ANALYST: "#2b6cb0",
    Role.SUPERVISOR: "#6b46c1",
    Role.COURIER: "#b7791f",
    Role.EVIDENCE: "#2f855a",
    Role.CLOCK: "#c53030",
}
"""Colour of an arrow: that of the first role, in this order, that may take the step."""
_DEADLINE_WORDS = {
    Deadline.ACKNOWLEDGE: "until it is acknowledged",
    Deadline.DECIDE: "until it is decided",
    Deadline.SETTLE: "until it counts as settled",
}
_STEP_WORDS = {
    StepKind.ACKNOWLEDGE: "A person has seen it, and has it from now on.",
    StepKind.ASSIGN: "Somebody works on it; taking it from somebody else needs a reason.",
    StepKind.COMMENT: "A note; it changes nothing, not even the revision.",
    StepKind.INSTRUCT: "A person sends the courier another instruction.",
    StepKind.OUTCOME: "A person says what it was, and whether the parcel goes or stays.",
    StepKind.RELEASE: "A person lets the parcel go before, or after, there is an outcome.",
    StepKind.SNOOZE: "A person puts it off, at most 30 days; not what is red or critical.",
    StepKind.REOPEN: "A person takes it up again.",
    StepKind.ANSWER: "The courier answers the instruction that stands.",
    StepKind.REVISE: "A later revision of the alert that is no graver.",
    StepKind.WORSEN: "A later revision that is graver: a higher lane or severity, or another red finding.",
    StepKind.WITHDRAW: "A later revision in which nothing is found any more.",
    StepKind.UNANSWERED: "The courier's time is over: it is reminded, and the alert is passed up.",
    StepKind.MISS: "The people's time is over: the alert is passed up.",
    StepKind.GIVE_UP: "It was passed up as often as it can be, and nobody has taken it.",
    StepKind.SETTLE: "The time to re-open it is over.",
}


def with_tables(page: str) -> str:
    """Return the page with its tables made anew; the text around them stays as it is.

    Raises ValueError when a table has no place: lines `<!-- NAME -->` and `<!-- /NAME -->`.
    """
    tables = {"states": _state_rows(), "steps": _step_rows(), "refusals": _refusal_rows(), "kinds": _kind_rows()}
    for name, rows in tables.items():
        begin, end = f"<!-- {name} -->\n\n", f"\n<!-- /{name} -->"
        if page.count(begin) != 1 or page.count(end) != 1:
            raise ValueError(f"the page has no place for the table of {name}")
        before, rest = page.split(begin)
        page = before + begin + "".join(rows) + end + rest.split(end)[1]
    return page


def _state_rows() -> Iterable[str]:
    yield "| state | deadline | " + " | ".join(Role) + " |\n"
    yield "|---" * (len(Role) + 2) + "|\n"
    for state, ways in TABLE.items():
        cells = [
            "<br>".join(
                f"{step}" if way.to is state else f"{step} → **{way.to}**"
                for step, way in ways.items()
                if role in way.roles
            )
            for role in Role
        ]
        deadline = _DEADLINE_WORDS[DEADLINES[state]] if state in DEADLINES else "none"
        yield f"| **{state}** | {deadline} | " + " | ".join(cells) + " |\n"


def _step_rows() -> Iterable[str]:
    yield "| step | who | meaning |\n|---|---|---|\n"
    for step in StepKind:
        taken_by = {role for ways in TABLE.values() if step in ways for role in ways[step].roles}
        yield f"| `{step}` | {', '.join(role for role in Role if role in taken_by)} | {_STEP_WORDS[step]} |\n"


def _refusal_rows() -> Iterable[str]:
    yield "| reason | meaning |\n|---|---|\n"
    for reason in StepReason:
        yield f"| `{reason}` | {reason.meaning} |\n"


def _kind_rows() -> Iterable[str]:
    rules: dict[tuple[str, str], list[str]] = {}
    others = (("a random check", SAMPLED), ("yellow ones of an outlet or its staff", FOR_THE_SHIFT))
    for rule, kind in (*KINDS.items(), *others):
        rules.setdefault((kind.theme, ", else ".join(kind.subjects)), []).append(rule)
    yield "| theme | one case for each | findings |\n|---|---|---|\n"
    for (theme, subjects), found in sorted(rules.items()):
        yield f"| `{theme}` | {subjects} | {', '.join(found)} |\n"


def drawing() -> str:
    """Return the drawing of the states as text for Graphviz; steps that stay in their state are in the table alone.

    Steps that lead from each of the waiting states to the same one are drawn once, from the frame around them.
    """
    last = WAITING[-1]
    common = {
        step
        for step, way in TABLE[last].items()
        if way.to not in WAITING and all(TABLE[state].get(step) == way for state in WAITING)
    }
    arrows: dict[tuple[str, str, str], list[str]] = {}
    for state, ways in TABLE.items():
        for step, way in ways.items():
            shared = state in WAITING and step in common
            if way.to is state or (shared and state is not last):
                continue
            role = next(role for role in _COLOURS if role in way.roles)
            tail = ', ltail="cluster_waiting"' if shared else ""
            look = f'color="{_COLOURS[role]}", fontcolor="{_COLOURS[role]}"{tail}'
            arrows.setdefault((state, way.to, look), []).append(step)
    nodes = "; ".join(f'"{state}"' for state in WAITING)
    return "\n".join(
        (
            "// The drawing in docs/referrals.md, made by `python -m parcelward.cases.page docs`: do not edit.",
            "digraph referrals {",
            '  graph [rankdir=LR, compound=true, nodesep=0.3, ranksep=0.7, fontname="Helvetica", bgcolor="white"]',
            '  node  [shape=box, style="rounded,filled", fillcolor="white", color="#445566", fontname="Helvetica"]',
            '  edge  [arrowsize=0.7, fontname="Helvetica", fontsize=10]',
            '  subgraph cluster_waiting { style="rounded,filled"; color="#c8d6e5"; fillcolor="#f4f8fc"; '
            + nodes
            + " }",
            *(f'  "{state}"' for state in TABLE if state not in WAITING),
            *(
                f'  "{low}" -> "{high}" [label="{_lines(steps)}", {look}]'
                for (low, high, look), steps in arrows.items()
            ),
            "}",
            "",
        )
    )


def _lines(steps: Iterable[str]) -> str:
    return "\\n".join(steps)


if __name__ == "__main__":
    _folder = Path(sys.argv[1])
    _page = _folder / PAGE
    _page.write_text(with_tables(_page.read_text()))
    (_folder / DOT).write_text(drawing())
