"""Makes users, topics, rights and quotas as they should be, and takes back what should not be there any more."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
    ScramMechanism,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)
from kafka.errors import for_code
from kafka.protocol.admin import AlterClientQuotasRequest, DescribeClientQuotasRequest
from pydantic import SecretStr

from parcelward.cluster.admin import administered, ensure_topics
from parcelward.cluster.client import client_options
from parcelward.cluster.entrance import is_let_in
from parcelward.cluster.rights import USER, Access, Quota, Right, is_ours, wanted_quotas, wanted_rights
from parcelward.errors import UserError
from parcelward.ground.plan import plan_accounts, plan_delivery, plan_topics
from parcelward.settings import Settings

ITERATIONS = 8192
ANY_NAME = 2
"""Of Kafka's filter for quotas: entities with a name of their own."""
KINDS = {kind.name.replace("_", " ").lower(): kind for kind in ResourceType}


class Found(NamedTuple):
    """The cluster as it is: topics, users, rights that provisioning gave, those that others gave, quotas."""

    topics: frozenset[str]
    users: frozenset[str]
    rights: frozenset[Right]
    others: tuple[ACL, ...]
    quotas: Mapping[str, Quota]


class Change(NamedTuple):
    """One thing that is done, in words."""

    words: str
    do: Callable[[Any], None]


def provision(
    settings: Settings, access: Access, passwords: Mapping[str, str], say: Callable[[str], None], *, dry: bool = False
) -> None:
    """Make the cluster as it should be, saying each change. `dry`: only say them.

    Rights are given before others are taken back, so that nobody is refused meanwhile. Topics are never deleted. Raises
    UserError for what Kafka refuses.
    """
    rights = wanted_rights(settings, access)
    missing = {plan.name for plan in (*plan_topics(settings), *plan_accounts(settings), *plan_delivery(settings))}
    found = administered(settings, "looking_at_the_cluster", lambda admin: look(admin, settings))
    missing -= found.topics
    for name in sorted(missing):
        say(f"+ topic {name}")
    changes = [
        *_passwords(settings, passwords, found),
        *_given(rights - found.rights),
        *_taken_back(found.rights - rights),
        *_limits(wanted_quotas(settings, access), found),
        *_users_gone(passwords, found, rights),
    ]
    if not dry:
        ensure_topics(settings)
        ensure_topics(settings, plan_accounts)
        ensure_topics(settings, plan_delivery)

    def do(admin: Any) -> None:
        for change in changes:
            say(change.words)
            if not dry:
                change.do(admin)

    administered(settings, "changing_rights", do)
    for acl in found.others:
        say(f"  left alone, not made here: {_as_words(acl)}")
    for name in sorted(_left_topics(settings, found)):
        say(f"  left alone, of a courier that is no setting any more: topic {name}")


def renew_own_password(
    settings: Settings, former: Sequence[str], say: Callable[[str], None], *, dry: bool = False
) -> Settings:
    """Set the administrator's own password, that of `settings`, if the broker knows one of the `former` ones only.

    Returns the settings with the password that is in force. Raises UserError when the broker takes none of them.
    """
    user, new = settings.sasl_username, settings.sasl_password
    if user is None or new is None or _works(settings, user, new.get_secret_value()):
        return settings
    old = next((one for one in former if _works(settings, user, one)), former[0])
    before = settings.model_copy(update={"sasl_password": SecretStr(old)})
    given = UserScramCredentialUpsertion(user, ScramMechanism.SCRAM_SHA_512, new.get_secret_value(), ITERATIONS)
    say(f"~ password of {user}")
    if dry:
        return before
    administered(before, "changing_the_own_password", _with_credentials(user, given))
    return settings


def look(admin: Any, settings: Settings) -> Found:
    """Ask the cluster what there is."""
    everything = ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY)
    acls, _ = admin.describe_acls(ACLFilter(None, None, ACLOperation.ANY, ACLPermissionType.ANY, everything))
    ours, others = set(), []
    for acl in acls:
        right = _as_right(acl)
        if right is not None and is_ours(right, settings):
            ours.add(right)
        else:
            others.append(acl)
    users = frozenset(admin.describe_user_scram_credentials())
    return Found(frozenset(admin.list_topics()), users, frozenset(ours), tuple(others), _quotas(admin))


def _passwords(settings: Settings, passwords: Mapping[str, str], found: Found) -> Iterator[Change]:
    """Set a password that is not in force: setting one again would be a change for whoever is logged in."""
    for user, password in sorted(passwords.items()):
        known = user in found.users
        if known and _works(settings, user, password):
            continue
        given = UserScramCredentialUpsertion(user, ScramMechanism.SCRAM_SHA_512, password, iterations=ITERATIONS)
        yield Change(f"~ password of {user}" if known else f"+ user {user}", _with_credentials(user, given))


def _works(settings: Settings, user: str, password: str) -> bool:
    """True when Kafka takes the password, as far as it asks for one."""
    if not settings.security_protocol.startswith("SASL"):
        return False
    changed = {"sasl_username": user, "sasl_password": SecretStr(password)}
    return is_let_in(client_options(settings.model_copy(update=changed)))


def _with_credentials(user: str, alteration: Any) -> Callable[[Any], None]:
    def do(admin: Any) -> None:
        (error,) = admin.alter_user_scram_credentials([alteration]).values()
        if error:
            raise UserError(f"the broker refused to change the password of {user}: {error}")

    return do


def _given(rights: Iterable[Right]) -> Iterator[Change]:
    for words, some in _by_resource(rights):
        yield Change(f"+ right {words}", _with_rights(words, some))


def _with_rights(words: str, rights: list[Right]) -> Callable[[Any], None]:
    def do(admin: Any) -> None:
        if refused := admin.create_acls([_as_acl(right) for right in rights])["failed"]:
            raise UserError(f"the broker refused to give the right {words}: {refused[0].__name__}")

    return do


def _taken_back(rights: Iterable[Right]) -> Iterator[Change]:
    for words, some in _by_resource(rights):
        yield Change(f"- right {words}", _without_rights(words, some))


def _without_rights(words: str, rights: list[Right]) -> Callable[[Any], None]:
    def do(admin: Any) -> None:
        acls = [_as_acl(right) for right in rights]
        exactly = [ACLFilter(a.principal, a.host, a.operation, a.permission_type, a.resource_pattern) for a in acls]
        for _, _, error in admin.delete_acls(exactly):
            if error.errno:
                raise UserError(f"the broker refused to take back the right {words}: {error.__name__}")

    return do


def _by_resource(rights: Iterable[Right]) -> Iterator[tuple[str, list[Right]]]:
    """Rights of one user on one resource together, and that in words."""
    found: dict[tuple[str, str, str, bool], list[Right]] = {}
    for right in sorted(rights):
        found.setdefault((right.user, right.kind, right.name, right.begins), []).append(right)
    for (user, kind, name, begins), some in sorted(found.items()):
        done = ", ".join(right.operation.lower().replace("_", " ") for right in some)
        yield f"{user}: {done} {kind} {name}{'*' * begins}", some


def _limits(wanted: Mapping[str, Quota], found: Found) -> Iterator[Change]:
    for user in sorted(wanted):
        yield from _quota_changes(user, found.quotas.get(user, {}), wanted[user])


def _quota_changes(user: str, is_: Quota, wanted: Quota) -> Iterator[Change]:
    for key in sorted(is_.keys() | wanted.keys()):
        if key not in wanted:
            yield Change(f"- quota {user}: {key}", _with_quota(user, key, None))
        elif is_.get(key) != wanted[key]:
            sign = "~" if key in is_ else "+"
            yield Change(f"{sign} quota {user}: {key} {wanted[key]:,.0f}", _with_quota(user, key, wanted[key]))


def _users_gone(passwords: Mapping[str, str], found: Found, rights: frozenset[Right]) -> Iterator[Change]:
    """Remove a user that has no right left: another installation on this cluster may know it, too."""
    kept = {str(acl.principal) for acl in found.others} | {f"User:{right.user}" for right in rights}
    for user in sorted(found.users - set(passwords)):
        if USER.fullmatch(user) and f"User:{user}" not in kept:
            yield from _quota_changes(user, found.quotas.get(user, {}), {})
            gone = UserScramCredentialDeletion(user, ScramMechanism.SCRAM_SHA_512)
            yield Change(f"- user {user}", _with_credentials(user, gone))


def _quotas(admin: Any) -> dict[str, Quota]:
    component = DescribeClientQuotasRequest.ComponentData(entity_type="user", match_type=ANY_NAME, match=None)
    answer = _asked(admin, DescribeClientQuotasRequest(components=[component], strict=True))
    _require(answer.error_code, answer.error_message)
    return {
        entry.entity[0].entity_name: {value.key: value.value for value in entry.values}
        for entry in answer.entries or ()
    }


def _with_quota(user: str, key: str, value: float | None) -> Callable[[Any], None]:
    def do(admin: Any) -> None:
        data = AlterClientQuotasRequest.EntryData
        entity = data.EntityData(entity_type="user", entity_name=user)
        operation = data.OpData(key=key, value=value or 0.0, remove=value is None)
        request = AlterClientQuotasRequest(entries=[data(entity=[entity], ops=[operation])], validate_only=False)
        (entry,) = _asked(admin, request).entries
        _require(entry.error_code, entry.error_message)

    return do


def _asked(admin: Any, request: Any) -> Any:
    """Send a request for which kafka-python has the bytes and no method."""
    return admin._manager.run(admin._manager.send, request)


def _require(code: int, said: str | None) -> None:
    if code:
        raise UserError(f"the broker refused to show or change quotas: {said or for_code(code).__name__}")


def _as_right(acl: ACL) -> Right | None:
    """The right, if an ACL is one of the form that provisioning gives."""
    pattern = acl.resource_pattern
    principal = str(acl.principal)
    if acl.permission_type != ACLPermissionType.ALLOW or acl.host != "*" or not principal.startswith("User:"):
        return None
    begins = pattern.pattern_type == ACLResourcePatternType.PREFIXED
    kind = pattern.resource_type.name.replace("_", " ").lower()
    return Right(principal.removeprefix("User:"), acl.operation.name, kind, pattern.resource_name, begins)


def _as_acl(right: Right) -> ACL:
    pattern = ACLResourcePatternType.PREFIXED if right.begins else ACLResourcePatternType.LITERAL
    resource = ResourcePattern(KINDS[right.kind], right.name, pattern)
    return ACL(f"User:{right.user}", "*", ACLOperation[right.operation], ACLPermissionType.ALLOW, resource)


def _as_words(acl: ACL) -> str:
    pattern = acl.resource_pattern
    return (
        f"{acl.permission_type.name.lower()} {acl.principal} from {acl.host} {acl.operation.name.lower()} "
        f"{pattern.resource_type.name.lower()} {pattern.resource_name} ({pattern.pattern_type.name.lower()})"
    )


def _left_topics(settings: Settings, found: Found) -> set[str]:
    planned = {plan.name for plan in (*plan_topics(settings), *plan_accounts(settings))}
    topics = settings.topics
    kinds = (topics.intake, topics.rejected, topics.accounts, topics.instructions, topics.answers)
    ours = tuple(kind("") for kind in kinds)
    return {name for name in found.topics - planned if name.startswith(ours)}
