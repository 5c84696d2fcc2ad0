"""Tables that are made from topics, and nothing else: they are emptied and filled again whenever that is needed.

`place` is the position of a record as one number (see `places`): what retention takes from a partition is a range of
it, and the same record is always the same row. `mark` counts the batches that were written; it says what is newer.
Lanes and severities are ranks, so that they sort: 0 is the most urgent.
"""

from sqlalchemy import Column, Float, Index, MetaData, PrimaryKeyConstraint, SmallInteger, Table

from parcelward.console.store.columns import Code, Document, Moment, Number, Words

projected = MetaData()

positions = Table(
    "positions",
    projected,
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("topic", Code, nullable=False),
    Column("partition", SmallInteger, nullable=False),
    Column("topic_id", Code, nullable=False),  # a topic that was created anew has another one
    Column("begin", Number, nullable=False),  # rows of earlier records are gone
    Column("next", Number, nullable=False),
    Column("unreadable", Number, nullable=False),
    Index("positions_of_topic", "topic", "partition", unique=True),
)
standing = Table(
    "standing",
    projected,
    Column("one", SmallInteger, primary_key=True, autoincrement=False),
    Column("mark", Number, nullable=False),
    Column("behind", Number, nullable=False),
    Column("at_ms", Moment, nullable=False),  # when it was last certain that nothing is missing but what is behind
)
alerts = Table(
    "alerts",
    projected,
    Column("number", Number, primary_key=True, autoincrement=False),  # grows with the arrival of its first record
    Column("alert_id", Code, nullable=False),
    Column("revision", Number, nullable=False),
    Column("place", Number, nullable=False),
    Column("raised_ms", Moment, nullable=False),
    Column("due_ms", Moment, nullable=False),
    Column("courier", Code, nullable=False),
    Column("waybill", Code, nullable=False),
    Column("outlet", Code, nullable=False),
    Column("operator", Code),
    Column("lane", SmallInteger, nullable=False),
    Column("severity", SmallInteger, nullable=False),
    Column("action", Code, nullable=False),
    Column("cleared", SmallInteger, nullable=False),
    Column("rules", Code, nullable=False),
    Column("score", Float),
    Column("goods", Words),
    Column("zh", Words, nullable=False),
    Column("en", Words, nullable=False),
    Column("document_token", Code),
    Column("phone_token", Code),
    Column("mark", Number, nullable=False),
    Index("alerts_by_id", "alert_id", unique=True),
    Index("alerts_by_waybill", "waybill"),
)
alert_revisions = Table(
    "alert_revisions",
    projected,
    Column("place", Number, primary_key=True, autoincrement=False),
    Column("number", Number, nullable=False),
    Column("revision", Number, nullable=False),
    Column("arrived_ms", Moment, nullable=False),
    Column("document", Document, nullable=False),
    Index("alert_revisions_of", "number"),
)
referrals = Table(
    "referrals",
    projected,
    Column("alert_id", Code, primary_key=True),
    Column("place", Number, nullable=False),
    Column("revision", Number, nullable=False),
    Column("courier", Code, nullable=False),
    Column("waybill", Code, nullable=False),
    Column("outlet", Code, nullable=False),
    Column("state", Code, nullable=False),
    Column("over", SmallInteger, nullable=False),
    Column("lane", SmallInteger, nullable=False),
    Column("severity", SmallInteger, nullable=False),
    Column("action", Code, nullable=False),
    Column("at_ms", Moment, nullable=False),
    Column("due_ms", Moment, nullable=False),  # NEVER where nothing is awaited, so that it sorts behind all others
    Column("level", SmallInteger, nullable=False),
    Column("assigned_to", Code),
    Column("person", Code),
    Column("step", Code),
    Column("held", SmallInteger, nullable=False),
    Column("asked", Code),
    Column("answered", Code),
    Column("outcome", Code),
    Column("rules", Code, nullable=False),  # " R14 R1 ": each between two spaces
    Column("cases", Code, nullable=False),
    Column("mark", Number, nullable=False),
    Column("document", Document, nullable=False),
)
_OPEN = referrals.c.over == 0
Index(
    "referrals_open",
    *(referrals.c[name] for name in ("lane", "severity", "due_ms", "alert_id", "courier", "outlet", "state")),
    *(referrals.c[name] for name in ("assigned_to", "held", "rules", "mark")),
    sqlite_where=_OPEN,
    postgresql_where=_OPEN,
)
Index(  # holds what lists filter by, so that walking it reads no rows
    "referrals_newest",
    *(referrals.c[name] for name in ("at_ms", "alert_id", "over", "lane", "severity", "courier", "outlet", "state")),
    *(referrals.c[name] for name in ("assigned_to", "held")),
)
Index(  # a code is one courier's own, or a few couriers'
    "referrals_of_outlet",
    *(referrals.c[name] for name in ("outlet", "at_ms", "alert_id", "courier", "over", "lane", "severity", "state")),
)
Index("referrals_by_mark", referrals.c.mark)
steps = Table(
    "steps",
    projected,
    Column("place", Number, nullable=False),
    Column("alert_id", Code, nullable=False),
    Column("revision", Number, nullable=False),
    Column("state", Code, nullable=False),
    Column("step", Code),
    Column("by", Code, nullable=False),
    Column("person", Code),
    Column("at_ms", Moment, nullable=False),
    Column("level", SmallInteger, nullable=False),
    Column("assigned_to", Code),
    PrimaryKeyConstraint("alert_id", "place"),
    sqlite_with_rowid=False,
)
case_members = Table(  # in the order in which a case lists them
    "case_members",
    projected,
    Column("case_id", Code, primary_key=True),
    Column("over", SmallInteger, primary_key=True),
    Column("lane", SmallInteger, primary_key=True),
    Column("severity", SmallInteger, primary_key=True),
    Column("due_ms", Moment, primary_key=True),
    Column("alert_id", Code, primary_key=True),
    Index("case_members_of_alert", "alert_id"),
    sqlite_with_rowid=False,
)
cases = Table(
    "cases",
    projected,
    Column("case_id", Code, primary_key=True),
    Column("place", Number, nullable=False),
    Column("revision", Number, nullable=False),
    Column("subject", Code, nullable=False),
    Column("subject_kind", Code, nullable=False),
    Column("theme", Code, nullable=False),
    Column("state", Code, nullable=False),
    Column("over", SmallInteger, nullable=False),
    Column("attention", SmallInteger, nullable=False),
    Column("lane", SmallInteger, nullable=False),
    Column("severity", SmallInteger, nullable=False),
    Column("action", Code, nullable=False),
    Column("count", Number, nullable=False),
    Column("open", Number, nullable=False),
    Column("red", Number, nullable=False),
    Column("escalated", Number, nullable=False),
    Column("withdrawn", Number, nullable=False),
    Column("first_ms", Moment, nullable=False),
    Column("last_ms", Moment, nullable=False),
    Column("at_ms", Moment, nullable=False),
    Column("assigned_to", Code),
    Column("snoozed_until_ms", Moment),
    Column("over_budget", SmallInteger, nullable=False),
    Column("outcome", Code),
    Column("couriers", Code, nullable=False),
    Column("zh", Words, nullable=False),
    Column("en", Words, nullable=False),
    Column("mark", Number, nullable=False),
    Column("document", Document, nullable=False),
    Index("cases_urgent", "over", "lane", "severity", "last_ms", "case_id"),
    Index("cases_newest", "at_ms", "case_id"),
    Index("cases_of_subject", "subject"),
    Index("cases_put_off", "snoozed_until_ms"),
)
instructions = Table(
    "instructions",
    projected,
    Column("place", Number, primary_key=True, autoincrement=False),
    Column("alert_id", Code, nullable=False),
    Column("courier", Code, nullable=False),
    Column("revision", Number, nullable=False),
    Column("action", Code, nullable=False),
    Column("arrived_ms", Moment, nullable=False),
    Column("answer_by_ms", Moment),
    Column("document", Document, nullable=False),
    Index("instructions_of", "alert_id"),
    Index("instructions_of_courier", "courier", "arrived_ms"),
)
answers = Table(
    "answers",
    projected,
    Column("place", Number, primary_key=True, autoincrement=False),
    Column("event_id", Code, nullable=False),
    Column("alert_id", Code, nullable=False),
    Column("courier", Code, nullable=False),
    Column("revision", Number, nullable=False),
    Column("result", Code, nullable=False),
    Column("arrived_ms", Moment, nullable=False),
    Column("document", Document, nullable=False),
    Index("answers_of", "alert_id"),
    Index("answers_of_courier", "courier", "arrived_ms"),
)
decisions = Table(
    "decisions",
    projected,
    Column("place", Number, primary_key=True, autoincrement=False),
    Column("event_id", Code, nullable=False),
    Column("about", Code, nullable=False),  # id of the alert or the case
    Column("of_case", Code),
    Column("courier", Code),  # of the alert; a case may have alerts of several
    Column("revision", Number, nullable=False),
    Column("role", Code, nullable=False),
    Column("person", Code, nullable=False),
    Column("kind", Code, nullable=False),
    Column("arrived_ms", Moment, nullable=False),
    Column("document", Document, nullable=False),
    Index("decisions_by_id", "event_id"),
    Index("decisions_about", "about"),
    Index("decisions_of_person", "person", "arrived_ms"),
    Index("decisions_of_courier", "courier", "arrived_ms"),
    # Holds what the audit filters by, so that walking it reads no rows.
    Index("decisions_newest", "arrived_ms", "place", "of_case", "role", "kind", "courier", "person"),
)
refused_decisions = Table(
    "refused_decisions",
    projected,
    Column("place", Number, primary_key=True, autoincrement=False),
    Column("event_id", Code, nullable=False),
    Column("reason", Code, nullable=False),
    Column("detail", Words, nullable=False),
    Column("state", Code),
    Column("revision", Number),
    Column("assigned_to", Code),
    Column("of_topic", Code, nullable=False),  # the position of the decision that was refused
    Column("of_partition", Number, nullable=False),
    Column("of_offset", Number, nullable=False),
    Column("arrived_ms", Moment, nullable=False),
    Index("refused_decisions_by_id", "event_id"),
)
accounts = Table(
    "accounts",
    projected,
    Column("courier", Code, primary_key=True),
    Column("date", Code, primary_key=True),
    Column("document", Document, nullable=False),
)
tallies = Table(
    "tallies",
    projected,
    Column("courier", Code),
    Column("outlet", Code),
    Column("day", Number),  # in China, see `moments.china_day`
    Column("rule", Code),  # "": an outlet's alerts, each once; a rule's have no outlet
    Column("alerts", Number, nullable=False),
    Column("red", Number, nullable=False),
    PrimaryKeyConstraint("rule", "day", "courier", "outlet"),  # so that a week lies together
    Index("tallies_of_courier", "courier", "outlet"),
    sqlite_with_rowid=False,
)
verdicts = Table(
    "verdicts",
    projected,
    Column("courier", Code, primary_key=True),
    Column("outlet", Code, primary_key=True),
    Column("rule", Code, primary_key=True),
    Column("outcome", Code, primary_key=True),
    Column("alerts", Number, nullable=False),
    sqlite_with_rowid=False,
)

NEVER = 1 << 62
"""The time of what is never due."""
TERMS = {
    "sqlite": (
        "CREATE VIRTUAL TABLE alert_terms USING fts5(terms, detail=none, columnsize=0,"
        " tokenize=\"ascii tokenchars '!#$%&+,-./:;<=>?@[]^_`{|}~*()'\")",
        "INSERT INTO alert_terms (alert_terms, rank) VALUES ('hashsize', 33554432)",  # a batch is written in one piece
    ),
    "postgresql": (
        "CREATE TABLE alert_terms (number BIGINT PRIMARY KEY, terms TSVECTOR NOT NULL)",
        "CREATE INDEX alert_terms_found ON alert_terms USING gin (terms)",
    ),
}
"""The terms by which an alert is found, under its number: what each database has for that."""
