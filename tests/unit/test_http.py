"""The pages of a worker: a person who opens the address finds them."""

import asyncio

from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from streams.http import http_app


def test_the_first_page_links_the_others_and_each_answers() -> None:
    async def asked() -> tuple[str, dict[str, int]]:
        async with TestClient(TestServer(http_app(CollectorRegistry(), lambda: {"broker": False}))) as client:
            first = await (await client.get("/")).text()
            return first, {path: (await client.get(path)).status for path in ("/metrics", "/health", "/ready")}

    first, answers = asyncio.run(asked())
    assert answers == {"/metrics": 200, "/health": 200, "/ready": 503}
    assert all(f'href="{path}"' in first for path in answers)
