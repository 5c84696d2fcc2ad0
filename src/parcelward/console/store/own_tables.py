"""Tables that are the console's own: the people who log in, and what they keep. No topic holds them.

A change here is a migration, too (`migrations/versions`).
"""

from sqlalchemy import Boolean, Column, Index, MetaData, SmallInteger, Table, UniqueConstraint, false

from parcelward.console.store.columns import Code, Moment, Number, Words

own = MetaData()

people = Table(
    "people",
    own,
    Column("name", Code, primary_key=True),
    Column("shown", Words, nullable=False),
    Column("role", Code, nullable=False),
    Column("courier", Code),
    Column("token", Code, nullable=False, unique=True),
    Column("password", Words, nullable=False),  # an Argon2 hash; empty: nobody can log in
    Column("language", Code),
    Column("created_at", Moment, nullable=False),
    Column("disabled_at", Moment),
)
sessions = Table(
    "sessions",
    own,
    Column("id", Code, primary_key=True),  # SHA-256 of the cookie
    Column("person", Code, nullable=False),
    Column("csrf", Code, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Index("sessions_of", "person"),
)
attempts = Table(
    "attempts",
    own,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("person", Code, nullable=False),
    Column("address", Code, nullable=False),
    Column("at", Moment, nullable=False),
    Column("succeeded", Boolean, nullable=False),
    Index("attempts_of_person", "person", "at"),
    Index("attempts_from", "address", "at"),
)
keys = Table(
    "keys",
    own,
    Column("id", Code, primary_key=True),  # SHA-256 of the key
    Column("person", Code, nullable=False),
    Column("name", Code, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("ends_at", Moment),
    Column("revoked_at", Moment),
    Column("used_at", Moment),
    UniqueConstraint("person", "name"),
)
views = Table(
    "views",
    own,
    Column("person", Code, primary_key=True),
    Column("name", Code, primary_key=True),
    Column("query", Words, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("starts", Boolean, nullable=False, server_default=false()),  # the page that the person begins with
)
looking = Table(
    "looking",
    own,
    Column("about", Code, primary_key=True),  # an alert or a case
    Column("person", Code, primary_key=True),  # a token
    Column("at", Moment, nullable=False),
    Index("looking_at", "at"),
)
design = Table(
    "design",
    own,
    Column("one", SmallInteger, primary_key=True, autoincrement=False),
    Column("number", SmallInteger, nullable=False),  # of the tables that are made from topics
)
