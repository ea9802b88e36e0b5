"""Sets everything up on a machine that has only Python 3.11 or newer, then runs what was asked for.

    python3 tools/start.py demo [arguments of `reskin demo`]
    python3 tools/start.py test [arguments of pytest]

Makes .venv, installs the pinned requirements when they changed, and on Debian or Ubuntu as root the system packages.
Standard library only, and the version check comes before anything that an old Python would stumble over.
"""

import sys

if sys.version_info < (3, 11):
    sys.exit(
        "Setting up Reskin: this is Python %d.%d, and it needs 3.11 or newer. Run it with a newer one, for example\n"
        "  python3.11 tools/start.py demo\n"
        "(Debian 12 and Ubuntu 24.04 have it as python3; for other systems see https://www.python.org/downloads/)"
        % sys.version_info[:2]
    )

import contextlib
import hashlib
import json
import os
import platform
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
import venv
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMPS = VENV / "reskin-stamps.json"  # requirement file to the digest that was installed last
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

CORE, TEST, SERVE, TRAIN, KERNELS = (
    f"requirements{part}.txt" for part in ("", "-test", "-serve", "-train", "-kernels")
)
REQUIREMENTS = {"demo": (CORE,), "test": (CORE, TEST, SERVE, TRAIN, KERNELS)}
WITH_DEPENDENCIES = {TRAIN}  # the other files list everything that they need

# Debian package to the program that proves it is there, from whatever source; libraries are asked of dpkg.
X_LIBRARIES = ("libxcb1", "libx11-6", "libxext6", "libxrandr2", "libxi6", "libxcursor1", "libxtst6")
SCREEN = {"xvfb": "Xvfb", "openbox": "openbox"}
TOOLS = {"xdotool": "xdotool", "wmctrl": "wmctrl", "x11-utils": "xprop", "x11-xserver-utils": "xrandr",
         "ffmpeg": "ffmpeg"}  # fmt: skip
VIEWERS = {"chromium": "chromium", "obs-studio": "obs"}  # of the stream for OBS
GAMES = {"extremetuxracer": "/usr/games/etr", "supertux": "/usr/games/supertux2"}

CLEAN_UP_S = 10.0
NO_TESTS = 5  # pytest's own exit status; fine in one half where arguments chose the tests, for they lie in the other
HALVES = {
    "pytest on every core": ["-m", "not alone", "-n", "auto", "--dist", "loadfile", "--no-loadscope-reorder"],
    "pytest of what keeps time": ["-m", "alone"],
}
INTERRUPTED = threading.Event()  # by Ctrl-C: what runs beside the tests begins nothing more


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] not in REQUIREMENTS:
        say(__doc__.strip())
        return 0 if arguments and arguments[0] in ("-h", "--help") else 2
    task, rest = arguments[0], arguments[1:]
    if task == "demo" and sys.platform == "darwin":  # before anything is downloaded: `reskin demo` would refuse
        sys.exit(
            "Starting the demo: Reskin's screen parts for darwin are not built yet, only those for X11 on Linux. "
            "`reskin render IN OUT --theme NAME` reskins a video anywhere."
        )
    install_system_packages(task)
    make_environment()
    for name in REQUIREMENTS[task]:
        install_requirements(name)
    if task == "demo":
        return run([PYTHON, "-m", "reskin", "demo", *rest])
    return run_tests(rest)


def run_tests(pytest_arguments: list[str]) -> int:
    """All checks, also after one has failed; 1 when any did."""
    lint = {"ruff check": ["ruff", "check", "."], "ruff format": ["ruff", "format", "--check", "."]}
    types = {"mypy": ["mypy"], "mypy for Windows": ["mypy", "--platform", "win32", "-p", "reskin.platforms"]}
    statuses = {name: run_check(name, [PYTHON, "-m", *command]) for name, command in lint.items()}
    side_by_side, alone = HALVES
    with tempfile.TemporaryDirectory() as folder:
        reports = {name: Path(folder) / f"{number}.xml" for number, name in enumerate(HALVES)}
        halves = {
            name: [PYTHON, "-m", "pytest", "-rsx", "--durations", "12", "--junitxml", report, *pytest_arguments,
                   *HALVES[name]]
            for name, report in reports.items()
        }  # fmt: skip
        with ThreadPoolExecutor(1) as beside:  # mypy takes a minute of one core, and these tests keep no time
            typed = beside.submit(run_unheard, {name: [PYTHON, "-m", *command] for name, command in types.items()})
            statuses[side_by_side] = run_check(side_by_side, halves[side_by_side])
            for name, (status, output) in typed.result().items():
                say(f"== {name}\n{output}")
                statuses[name] = status
        statuses[alone] = run_check(alone, halves[alone])
        tell_skipped(reports)
    passed = {0, NO_TESTS} if pytest_arguments else {0}
    failed = [name for name, status in statuses.items() if status not in (passed if name in HALVES else {0})]
    if statuses[side_by_side] == statuses[alone] == NO_TESTS:
        failed.append("pytest, for no test was chosen")
    say("== failed: " + ", ".join(failed) if failed else "== all checks passed: " + ", ".join(statuses))
    return 1 if failed else 0


def tell_skipped(reports: dict) -> None:
    """Each reason for which a test was skipped, or may fail, and how many have it. Name to pytest's report in XML."""
    for name, report in reports.items():
        if not report.exists():
            say(f"== {name}: it wrote no report, so what it skipped is not known")
            continue
        reasons = Counter(
            skipped.text if skipped.get("message") == "collection skipped" else skipped.get("message", "")
            for skipped in ElementTree.parse(report).iter("skipped")
        )
        say(f"== {name}: {sum(reasons.values())} skipped")
        for reason, count in sorted(reasons.items()):
            say(f"- {count}: {reason}")


def run_check(name: str, command: list) -> int:
    say(f"== {name}")
    return run(command, folder=ROOT)


def run_unheard(commands: dict) -> dict:
    """Name to exit status and output of each, one after the other; after Ctrl-C no further one."""
    found = {}
    for name, command in commands.items():
        if INTERRUPTED.is_set():
            break
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        found[name] = (done.returncode, done.stdout.strip())
    return found


def install_system_packages(task: str) -> None:
    """Debian and Ubuntu only; elsewhere the programs come with the system or are named when they are needed."""
    apt = shutil.which("apt-get")
    if not sys.platform.startswith("linux") or apt is None:
        return
    missing = missing_packages(task)
    if not missing:
        return
    install = ["apt-get", "install", "-y", "--no-install-recommends", *missing]
    if os.geteuid() != 0:
        sys.exit(
            f"Setting up Reskin: the system packages {', '.join(missing)} are missing, and only root can install them."
            f"\nRun this, then start again:\n  sudo apt-get update && sudo {shlex.join(install)}"
        )
    say(f"== installing system packages: {' '.join(missing)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update"], install):
        if subprocess.run(command, env=environment, check=False).returncode != 0:
            sys.exit(f"Setting up Reskin: `{shlex.join(command)}` failed; its own message stands above.")


def missing_packages(task: str) -> list[str]:
    programs: dict[str, str] = {}
    if task == "test" or not os.environ.get("DISPLAY"):
        programs |= SCREEN  # the demo starts a virtual screen where there is no real one
    if task == "test":
        programs |= TOOLS | GAMES | VIEWERS
    missing = [package for package, program in programs.items() if shutil.which(program) is None]
    if "chromium" in missing and distribution() == "ubuntu":  # apt-get would refuse the whole list
        missing.remove("chromium")
        say("== not installed: chromium, which Ubuntu has as a snap alone; the tests that need it are skipped")
    asked = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n", *X_LIBRARIES],
        capture_output=True,
        text=True,
        check=False,  # it fails for a name that it has never heard of, and still answers for the others
    )
    installed = {line.split()[0] for line in asked.stdout.splitlines() if line.endswith(" installed")}
    missing += [package for package in X_LIBRARIES if package not in installed]
    if find_spec("ensurepip") is None:  # Debian takes it out of Python and into a package of its own
        missing.append("python%d.%d-venv" % sys.version_info[:2])
    return missing


def distribution() -> str:
    """Such as "debian" or "ubuntu"; empty where the system does not say."""
    try:
        return platform.freedesktop_os_release()["ID"]
    except OSError:
        return ""


def make_environment() -> None:
    if is_ours(PYTHON):
        return
    try:
        if VENV.exists():
            say(f"== {VENV} is of another Python, or a set-up was cut short: making it anew")
            shutil.rmtree(VENV)
        say(f"== making {VENV}")
        venv.create(VENV, with_pip=True)
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(
            f"Setting up Reskin: {VENV} cannot be made: {error}. Copy this folder to where you may write and where "
            "there is room, and start again."
        )


def is_ours(python: Path) -> bool:
    """Whether it is there, runs, has pip, and is of the version that runs this."""
    try:
        asked = subprocess.run([python, "-m", "pip", "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return asked.returncode == 0 and asked.stdout.strip().endswith("(python %d.%d)" % sys.version_info[:2])


def install_requirements(name: str) -> None:
    """Calls pip only when the file, or the Python, is another one than last time."""
    path = ROOT / "tools" / name
    digest = hashlib.sha256(path.read_bytes() + sys.version.encode()).hexdigest()
    stamps = json.loads(STAMPS.read_text()) if STAMPS.exists() else {}
    if stamps.get(name) == digest:
        return
    say(f"== installing {name}")
    options = [] if name in WITH_DEPENDENCIES else ["--no-deps"]
    command = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", *options, "-r", path]
    if run(command) != 0:
        sys.exit(
            f"Setting up Reskin: pip could not install {path}; its own message stands above. If the network was the "
            f"reason, start again: what is there already is kept."
        )
    STAMPS.write_text(json.dumps({**stamps, name: digest}, indent=1))


def run(command: list, folder: Path | None = None) -> int:
    """Runs to the end; at Ctrl-C, which the child gets too, it has 10 s to clean up and is then ended."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep),
    }
    child = subprocess.Popen([str(part) for part in command], cwd=folder, env=environment)
    try:
        return child.wait()
    except KeyboardInterrupt:
        with contextlib.suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
            child.wait(timeout=CLEAN_UP_S)
        child.kill()
        raise


def interrupted(number: int, frame: FrameType | None) -> None:
    """Ctrl-C: as Python takes it, once the thread beside can know."""
    INTERRUPTED.set()
    signal.default_int_handler(number, frame)


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else it is ignored: started in the background
        signal.signal(signal.SIGINT, interrupted)
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
