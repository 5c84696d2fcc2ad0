"""Runs the migrations on the connection that `parcelward.console.store.database` hands over."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection)
context.run_migrations()
