"""A record that a newer version has written: the worker refuses to start on it, and says what to do."""

import subprocess
import sys
from collections.abc import Callable

import msgspec

from parcelward.formats import NEWEST
from tests.patience import PATIENCE_S
from tests.system.service import Service

NEWER = msgspec.msgpack.encode([str(NEWEST + 1), 1764300000000, "whatever comes then"])
SENTENCES = {  # between the stages it is met later than in the state, so it comes first here
    "screening.outlets": f"a record between the stages is of format {NEWEST + 1}",
    "screening-senders-changelog": f"a record in the state of stage senders is of format {NEWEST + 1}",
}


def test_a_worker_refuses_what_a_newer_version_has_written(start_service: Callable[..., Service]) -> None:
    service = start_service(partitions="1")
    assert service.stop() == 0
    for topic, sentence in SENTENCES.items():
        service.send_raw(topic, b"key", NEWER)
        ended = subprocess.run(
            [sys.executable, "-m", "parcelward", "worker"],
            env=service.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert ended.returncode == 2, ended.stderr[-2000:]
        last = ended.stderr.splitlines()[-1]
        assert last.startswith(
            f"parcelward: {sentence}, and this version reads formats up to {NEWEST}: a newer version"
        )
        assert "start that version again, or a later one" in last
