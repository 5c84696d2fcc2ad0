"""The token keys of a running service: another key under an old id is refused, a new one is taken beside the old."""

import json
import subprocess
import sys
from collections.abc import Callable

from tests.patience import PATIENCE_S
from tests.system.events import real_name
from tests.system.service import Service, await_true

OLD, OTHER = "0123456789abcdef", "fedcba9876543210"
PARCELS = [real_name(f"SF{number:04d}") for number in range(8)]
"""Some in each of the two partitions."""


def keys(**by_id: str) -> dict[str, str]:
    return {"PARCELWARD_TOKEN_KEYS": json.dumps(by_id)}


def test_a_worker_with_another_key_under_the_same_id_ends_with_2_and_a_new_key_beside_the_old_one_is_taken(
    start_service: Callable[..., Service],
) -> None:
    service = start_service(token_keys=json.dumps({"k1": OLD}), token_key="k1")
    service.publish(PARCELS)
    await_true(lambda: service.taken() == len(PARCELS), "the parcels are screened")
    assert service.stop() == 0

    ended = subprocess.run(
        [sys.executable, "-m", "parcelward", "worker"],
        env=service.environment | keys(k1=OTHER),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert ended.returncode == 2, ended.stderr[-2000:]
    last = ended.stderr.splitlines()[-1]
    assert last.startswith("parcelward: setting token_keys: key k1 is another key than the one")
    assert "put the old key back" in last
    assert '"screening"' not in ended.stderr, "it was never ready"

    service.settings = {**service.settings, **keys(k1=OLD, k2=OTHER), "PARCELWARD_TOKEN_KEY": "k2"}
    service.start()
    made_at_source = {"kind": "person", "name_mask": "王*"}
    service.publish(
        [
            real_name("SF0100", sender=made_at_source | {"document_token": f"{key_id}.{'A' * 22}"})
            for key_id in ("k1", "k2", "k3")
        ]
    )
    await_true(lambda: service.taken() == 3, "tokens of either key are taken, of a third one refused")
    (refused,) = service.read(f"{service.prefix}rejected.swift")
    assert dict(refused.headers)["pw_reason"] == b"unknown_key"
    assert dict(refused.headers)["pw_detail"].endswith(b"is not known here; known: k1, k2")
