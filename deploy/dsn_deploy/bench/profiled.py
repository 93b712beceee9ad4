"""A service under a sampler: ``python -m dsn_deploy.bench.profiled NAME``.

Only for ``dsn bench`` with ``DSN_BENCH_PROFILE``. Every few milliseconds the stack of each thread
is noted with the CPU time the thread has used since, which the kernel keeps in nanoseconds: so
waiting costs nothing, and time in compiled code is charged to the line that called it. What has
been seen is written every few seconds, because a stream worker ends without any hook.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from types import FrameType

from dsn_deploy.bench.system import PROFILE

#: Between two samples, s.
SAMPLE_S = 0.01
#: Between two writings of the profile, s.
WRITE_S = 3.0
#: Frames of a stack that are kept, the innermost ones.
FRAMES_MAX = 40
#: Lines of the table.
LINES_MAX = 70


class Sampler(threading.Thread):
    """Samples every other thread of this process until it ends."""

    def __init__(self, path: Path) -> None:
        super().__init__(name="sampler", daemon=True)
        self._path = path
        #: CPU ns by stack, outermost frame first.
        self._stacks: Counter[tuple[str, ...]] = Counter()
        self._ran_ns: dict[int, int] = {}

    def run(self) -> None:
        """Sample for ever; the process ends when its main thread does."""
        written = time.monotonic()
        while True:
            time.sleep(SAMPLE_S)
            self._sample()
            if time.monotonic() - written >= WRITE_S:
                self._write()
                written = time.monotonic()

    def _sample(self) -> None:
        frames = sys._current_frames()
        for thread in threading.enumerate():
            if thread is self or thread.ident is None or thread.native_id is None:
                continue
            ran_ns = _thread_ns(thread.native_id)
            before = self._ran_ns.get(thread.native_id, ran_ns)
            self._ran_ns[thread.native_id] = ran_ns
            frame = frames.get(thread.ident)
            if ran_ns > before and frame is not None:
                self._stacks[(thread.name.rstrip("0123456789_-"), *_stack(frame))] += (
                    ran_ns - before
                )

    def _write(self) -> None:
        """Self and cumulative time by function, then the whole stacks for other tools."""
        own: Counter[str] = Counter()
        whole: Counter[str] = Counter()
        for stack, ns in self._stacks.items():
            own[stack[-1]] += ns
            for place in set(stack):
                whole[place] += ns
        total = max(1, sum(own.values()))
        lines = [f"sampled {total / 1e9:.2f} s; of {time.process_time():.2f} s of the process"]
        lines += [f"self {ns / total:6.1%} {place}" for place, ns in own.most_common(LINES_MAX)]
        lines += [f"cum  {ns / total:6.1%} {place}" for place, ns in whole.most_common(LINES_MAX)]
        self._path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        folded = "\n".join(f"{';'.join(s)} {ns // 1000}" for s, ns in self._stacks.items())
        self._path.with_suffix(".folded").write_text(folded + "\n", encoding="utf-8")


def _stack(frame: FrameType | None) -> list[str]:
    places: list[str] = []
    while frame is not None and len(places) < FRAMES_MAX:
        code = frame.f_code
        places.append(f"{Path(code.co_filename).stem}.{code.co_qualname}")
        frame = frame.f_back
    return places[::-1]


def _thread_ns(native_id: int) -> int:
    """CPU time of a thread; 0 when it is gone."""
    try:
        return int(Path(f"/proc/self/task/{native_id}/schedstat").read_text().split()[0])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def main() -> None:
    """Be the service named on the command line, sampled."""
    from dsn_deploy.running import running_settings
    from dsn_deploy.services import run
    from dsn_schemas.logs import configure

    name = sys.argv[1]
    folder = Path(os.environ[PROFILE])
    folder.mkdir(parents=True, exist_ok=True)
    Sampler(folder / f"{name}.txt").start()
    configure(name)
    run(name, running_settings())


if __name__ == "__main__":
    main()
