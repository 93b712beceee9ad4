"""How fast a backlog is sent: so fast that it is soon gone, and not so fast that others wait. Pure.

Everybody's changes share the stages behind Kafka. A site that comes back and sends hours at once puts
them in front of everybody else's next ones: with 17,000 at once the slowest of a hundred took six
times as long (``dsn bench partition``). Sent at some times the speed at which they came, they go
between the others'.
"""

from __future__ import annotations

#: A backlog goes this many times as fast as it came.
TIMES = 20
#: And never slower than this, changes/s: a source that says little is not to take hours.
FLOOR_PER_S = 2_000


def rest_s(count: int, span_ms: int) -> float:
    """How long to rest behind ``count`` changes that came within ``span_ms`` of the edge's clock, s.

    A clock that went back, or by years, is no reason to rest longer than for as many at the floor.
    """
    return min(max(span_ms, 0) / 1000 / TIMES, count / FLOOR_PER_S)
