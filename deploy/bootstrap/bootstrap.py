"""Makes `.venv` on a machine that has Python and nothing else. Run by make, with any Python 3.

Everything it installs is pinned with hashes: the project's dependencies (requirements.lock), the
installer itself (uv.lock) and what builds the editable install (build.lock), so two machines get
the same bytes whatever index or mirror they use.

Standard library only, and written so that an old Python (3.6 is the python3 of some servers) can
read it and say that it is too old: no annotations that it would have to understand.
"""

import ast
import os
import shutil
import subprocess
import sys
from typing import NoReturn

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
#: uv and pip live here, beside the project's packages: "uv pip sync" removes what is not locked.
TOOLS = os.path.join(VENV, "tools")
OLDEST = (3, 11)
NEWER = ("python3.13", "python3.12", "python3.11", "python3.14")


def main() -> None:
    if sys.version_info < OLDEST:
        use_a_newer_python()
    if not works(PYTHON):
        make_venv()
    uv = shutil.which("uv") or install_uv()
    env = as_pip_does(dict(os.environ))
    env.pop("VIRTUAL_ENV", None)
    say("Installing the locked packages (about 250 MB the first time)")
    lock = os.path.join(ROOT, "requirements.lock")
    # Compiled once here and not at every start: whoever runs it may not be able to write here, or be
    # told to write no bytecode, and half of a service's start is compiling.
    sync = [uv, "pip", "sync", "--quiet", "--python", PYTHON, "--compile-bytecode"]
    sync += ["--require-hashes", lock]
    if subprocess.call(sync, env=env, stdin=subprocess.DEVNULL) != 0:
        # A network that looks into TLS has its certificate in the machine's own store only.
        say("Trying again with this machine's own certificates")
        env.update(UV_SYSTEM_CERTS="true", UV_NATIVE_TLS="true")
        run(sync, env)
    # A real editable install and not a .pth file of our own: its metadata is what entry points
    # and "pip list" read. Its build backend comes with the hashes of build.lock.
    constraints = os.path.join(HERE, "build.lock")
    options = ["--quiet", "--python", PYTHON, "--no-deps", "--build-constraints", constraints]
    run([uv, "pip", "install", *options, "--editable", ROOT], env)
    for stamp in sys.argv[1:]:  # make's proof that all of this was done
        open(stamp, "w").close()


def use_a_newer_python() -> NoReturn:
    """Start again with a newer one if there is one; only say so otherwise."""
    for name in NEWER:
        if shutil.which(name):
            os.execvp(name, [name, os.path.abspath(__file__), *sys.argv[1:]])
    stop(
        f"python3 is Python {version()}, and Python 3.11 or newer is needed. Install it, for example "
        "apt-get install python3.11 python3.11-venv, or name it: make PYTHON=/path/to/python3.11"
    )


def version() -> str:
    return "{}.{}".format(*sys.version_info)


def works(python: str) -> bool:
    """Is there a .venv, with a Python that still exists and is new enough?"""
    test = "import sys; sys.exit(sys.version_info < (3, 11))"
    try:
        return subprocess.call([python, "-c", test], stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def make_venv() -> None:
    """Without pip: Debian's python3 cannot put it there unless python3-venv is installed too."""
    say(f"Creating .venv with Python {version()}")
    shutil.rmtree(VENV, ignore_errors=True)
    run([sys.executable, "-m", "venv", "--without-pip", VENV], dict(os.environ))


def install_uv() -> str:
    """The pinned uv, through whichever pip there is."""
    uv = os.path.join(TOOLS, "bin", "uv")
    if not os.access(uv, os.X_OK):
        say("Installing uv (no uv on the PATH)")
        lock = os.path.join(HERE, "uv.lock")
        options = ["--quiet", "--disable-pip-version-check", "--no-input", "--no-cache-dir"]
        options += ["--require-hashes", "--only-binary=:all:", "--target", TOOLS, "--upgrade"]
        env = dict(os.environ, PIP_ROOT_USER_ACTION="ignore", PIP_USER="0")
        run([*pip(), "install", *options, "-r", lock], env)
    return uv


def pip() -> "list[str]":
    """A pip to run: the one of this Python, or the one that Python carries inside itself."""
    if succeeds([sys.executable, "-m", "pip", "--version"]):
        return [sys.executable, "-m", "pip"]
    say("This Python has no pip; putting the one it carries into .venv")
    if succeeds([PYTHON, "-m", "ensurepip", "--default-pip"]):
        return [PYTHON, "-m", "pip"]
    stop(
        "python3 has neither pip nor ensurepip, so nothing can be installed. On Debian or Ubuntu: "
        "apt-get install python3-venv. Or install uv, and run the same command again."
    )


def as_pip_does(env: "dict[str, str]") -> "dict[str, str]":
    """Let uv use the index, the mirror and the certificates that this machine's pip is set to.

    uv reads none of pip's settings, and a hospital's mirror is usually known to pip only.
    """
    settings = pip_settings()
    translations = (
        ("index-url", "UV_DEFAULT_INDEX"),
        ("extra-index-url", "UV_INDEX"),
        ("find-links", "UV_FIND_LINKS"),
        ("cert", "SSL_CERT_FILE"),
    )
    for name, variable in translations:
        if name in settings:
            env.setdefault(variable, " ".join(settings[name].split()))
    return env


def pip_settings() -> "dict[str, str]":
    """What `pip config list` says, files and environment alike; nothing if there is no pip."""
    pipe, null = subprocess.PIPE, subprocess.DEVNULL
    said = b""
    for python in (PYTHON, sys.executable):  # whichever of them has a pip
        command = [python, "-m", "pip", "config", "list"]
        said += subprocess.run(command, check=False, stdout=pipe, stderr=null).stdout
    settings = {}
    for line in said.decode(errors="replace").splitlines():
        name, separator, value = line.partition("=")
        if separator:
            settings[name.rpartition(".")[2]] = str(ast.literal_eval(value))
    return settings


def succeeds(command: "list[str]") -> bool:
    null = subprocess.DEVNULL
    return subprocess.call(command, stdin=null, stdout=null, stderr=null) == 0


def run(command: "list[str]", env: "dict[str, str]") -> None:
    code = subprocess.call(command, env=env, stdin=subprocess.DEVNULL)
    if code != 0:
        stop(f"this failed with exit code {code}: " + " ".join(command))


def say(text: str) -> None:
    print("bootstrap: " + text, flush=True)


def stop(text: str) -> NoReturn:
    print("bootstrap: " + text, file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    main()
