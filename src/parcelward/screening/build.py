"""Builds the stages from settings: the one place where decoder, keys, rule pack and model come together."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from parcelward.cases.budget import Budget
from parcelward.cases.life import Life
from parcelward.cases.times import Times
from parcelward.controls import load_controls
from parcelward.identity.tokens import Tokeniser
from parcelward.intake.decode import Decoder, Limits
from parcelward.model import load_model
from parcelward.rules import load_pack
from parcelward.screening.cases import CasesStage
from parcelward.screening.duties import DutiesStage
from parcelward.screening.judge import Judgement
from parcelward.screening.outlet_state import Keep
from parcelward.screening.outlets import OutletsStage
from parcelward.screening.referrals import ReferralsStage
from parcelward.screening.senders import SendersStage
from parcelward.settings import Settings
from parcelward.shipments.deadlines import Deadlines
from parcelward.stage import PartitionStage


class ScreeningStage(PartitionStage, Protocol):
    """A stage of the flow on one partition, whose state can be audited."""

    def counted(self, key: bytes, value: bytes) -> int:
        """Count what one value of its state has counted, so that a wrong one can be called too low or too high."""
        ...


@dataclass(frozen=True)
class Stages:
    """A factory per stage, by the names in `flow`, called once per partition; and what the stages judge with.

    A factory takes the number of partitions.
    """

    make: Mapping[str, Callable[[int], ScreeningStage]]
    judgement: Judgement


def build_stages(settings: Settings) -> Stages:
    """Load rule pack, model and control periods and prove them usable; raises UserError naming what is wrong.

    Loading the model scores its parity sample, so a worker that starts can score.
    """
    topics = settings.topics
    deadlines = Deadlines.from_settings(settings)
    tokeniser = Tokeniser.from_settings(settings)
    limits, key_ids = Limits.from_settings(settings), frozenset(settings.token_keys)
    decoder = Decoder(topics, limits, tokeniser.content_key, key_ids)
    model = None if settings.model is None else load_model(settings.model)
    keep = Keep.from_settings(settings)
    moves = settings.move_misplaced
    life, budget = Life(topics, Times.from_settings(settings)), Budget.from_settings(settings)
    couriers, pack = settings.couriers, load_pack(settings.rule_pack)
    controls = load_controls(settings, pack)
    judgement = Judgement(pack, model, settings.sampled_share, deadlines, controls)
    return Stages(
        {
            "duties": lambda partitions: DutiesStage(
                decoder, tokeniser, topics, deadlines, partitions, moves, controls
            ),
            "senders": lambda _: SendersStage(topics, keep.event_age, pack.least),
            "outlets": lambda _: OutletsStage(judgement, life, keep, frozenset(settings.answer_every_parcel)),
            "referrals": lambda partitions: ReferralsStage(life, limits, couriers, partitions),
            "cases": lambda _: CasesStage(topics, life.times.keep, budget),
        },
        judgement,
    )
