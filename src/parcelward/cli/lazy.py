"""A command group that imports a subcommand only when it is called, so that `parcelward --help` stays fast."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup


@dataclass(frozen=True, slots=True)
class Subcommand:
    """A subcommand: `target` is `module:name` of a function, or of a `typer.Typer` with commands of its own."""

    target: str
    help: str

    def load(self, name: str) -> Any:
        """Import the command."""
        module, _, attribute = self.target.partition(":")
        found = getattr(import_module(module), attribute)
        if not isinstance(found, typer.Typer):
            single = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")
            single.command(name)(found)
            found = single
        command = typer.main.get_command(found)
        command.name = name
        _tidy(command)
        return command


def _tidy(command: Any) -> None:
    """Show no value in the help of a flag: it takes none."""
    for option in (*command.params, command.get_help_option(typer.Context(command))):
        if getattr(option, "is_flag", False):
            option.metavar = ""
    for inner in getattr(command, "commands", {}).values():
        _tidy(inner)


def lazy_group(subcommands: Mapping[str, Subcommand]) -> type[TyperGroup]:
    """A group class over `subcommands`, listed in their order."""

    class LazyGroup(TyperGroup):
        def list_commands(self, ctx: Any) -> list[str]:
            return list(subcommands)

        def get_command(self, ctx: Any, cmd_name: str) -> Any:
            """A stub with name and help: a listing needs no more."""
            known = subcommands.get(cmd_name)
            return TyperCommand(name=cmd_name, help=known.help, callback=None) if known else None

        def get_help_option(self, ctx: Any) -> Any:
            option = super().get_help_option(ctx)
            if option is not None:
                option.metavar = ""
            return option

        def resolve_command(self, ctx: Any, args: list[str]) -> Any:
            name, command, rest = super().resolve_command(ctx, args)
            return name, subcommands[name].load(name) if name else command, rest

    return LazyGroup
