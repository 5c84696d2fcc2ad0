"""The drawing in docs/architecture.md: its boxes and arrows are the real topics, stages, folders and imports."""

import html
import re
from itertools import pairwise

from parcelward.flow import FLOW
from tests.packages import CORE, ROOT, package_imports, packages

DOT = ROOT / "docs" / "architecture.dot"
SVG = ROOT / "docs" / "architecture.svg"
NOT_DRAWN = {"parcelward", "__main__"}

Arrows = set[tuple[str, str]]


def box_of(package: str) -> str:
    """Name of the box that stands for a package; the modules at the root share one."""
    at_the_root = "." not in package and (CORE / f"{package}.py").is_file()
    return "vocabulary" if at_the_root and package != "publisher" else package


def reduced(arrows: Arrows) -> Arrows:
    """The arrows that no way of several others stands for."""
    after: dict[str, set[str]] = {}
    for low, high in arrows:
        after.setdefault(low, set()).add(high)

    def reaches(low: str, high: str, without: tuple[str, str]) -> bool:
        waiting, seen = [low], {low}
        while waiting:
            box = waiting.pop()
            for following in after.get(box, set()) - seen:
                if (box, following) != without:
                    if following == high:
                        return True
                    seen.add(following)
                    waiting.append(following)
        return False

    return {(low, high) for low, high in arrows if not reaches(low, high, (low, high))}


def real_arrows() -> Arrows:
    """From each folder to those that build on it, as the imports are."""
    ends = {
        (box_of(imported), box_of(importer))
        for importer, imported in package_imports()
        if not {importer, imported} & NOT_DRAWN
    }
    return reduced({(low, high) for low, high in ends if low != high})


def drawn_in_svg() -> tuple[set[str], Arrows]:
    """Boxes and arrows of the SVG, by the titles that Graphviz writes."""
    titles = {html.unescape(title) for title in re.findall(r"<title>([^<]+)</title>", SVG.read_text())}
    arrows = {(low, high) for low, _, high in (title.partition("->") for title in titles) if high}
    boxes = {title for title in titles if "->" not in title and not title.startswith("cluster_")} - {"parcelward"}
    return boxes, arrows


def written_in_dot() -> Arrows:
    """Arrows of the text source: chains, and groups in braces."""
    found: Arrows = set()
    for line in DOT.read_text().splitlines():
        ends = [_names(part) for part in line.split("[label")[0].split("->")]
        found |= {(low, high) for before, after in pairwise(ends) for low in before for high in after}
    return found


def _names(part: str) -> list[str]:
    return [quoted or plain for quoted, plain in re.findall(r'"([^"]+)"|([\w.]+)', part)]


def of_folders(arrows: Arrows) -> Arrows:
    return {ends for ends in arrows if not any(end.startswith(("topic ", "stage ")) for end in ends)}


def test_the_picture_is_made_of_its_text() -> None:
    assert drawn_in_svg()[1] == written_in_dot(), "run `make drawing`"


def test_every_folder_has_a_box_and_every_box_a_folder() -> None:
    boxes = {box for box in drawn_in_svg()[0] if not box.startswith(("topic ", "stage "))}
    assert boxes == {box_of(package) for package in packages() - NOT_DRAWN}


def test_the_arrows_between_folders_are_the_imports() -> None:
    """As few as say all: an import that follows from others has no arrow."""
    assert of_folders(drawn_in_svg()[1]) == real_arrows()


INTO = {"cases": "notes"}
"""Boxes of topics between stages that have not their stage's name: `cases` is what the platform reads."""
HANDED_OUT = {
    "duties": ("rejected",),
    "outlets": ("alerts", "instructions"),
    "referrals": ("referrals", "instructions", "rejected", "refused"),
    "cases": ("cases", "decisions", "refused"),
}


def real_flow() -> Arrows:
    """From topics to stages and back, by the list of stages."""
    into = {stage.name: INTO.get(stage.name, stage.name) for stage in FLOW}
    fed = {(f"topic {into[stage.name]}", f"stage {stage.name}") for stage in FLOW if stage.fed}
    reads = {(f"topic {source}", f"stage {stage.name}") for stage in FLOW for source in stage.reads}
    sends = {(f"stage {sender}", f"topic {into[stage.name]}") for stage in FLOW for sender in stage.fed_by}
    ends = {(f"stage {stage}", f"topic {topic}") for stage, topics in HANDED_OUT.items() for topic in topics}
    return fed | reads | sends | ends


def test_the_arrows_of_the_flow_are_what_the_stages_read_and_send() -> None:
    drawn = drawn_in_svg()[1]
    assert drawn - of_folders(drawn) == real_flow()
