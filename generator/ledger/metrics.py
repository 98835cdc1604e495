"""What is watched: counts and times in Prometheus' text format. Nothing in it is about anybody."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Metrics:
    """Counted by the event loop alone."""

    def __init__(self) -> None:
        self.answers: Counter[tuple[str, int]] = Counter()
        self.gauges: dict[str, float] = {}
        self._commits = [0] * (len(BOUNDS) + 1)
        self._seconds, self._records = 0.0, 0

    def committed(self, seconds: float, records: int) -> None:
        self._commits[bisect_left(BOUNDS, seconds)] += 1
        self._seconds += seconds
        self._records += records

    def __str__(self) -> str:
        return "".join(f"{line}\n" for line in self._lines())

    def _lines(self) -> Iterator[str]:
        yield "# HELP policy_answers_total Answers by address and status.\n# TYPE policy_answers_total counter"
        for (path, status), count in sorted(self.answers.items()):
            yield f'policy_answers_total{{path="{path}",status="{status}"}} {count}'
        yield "# HELP policy_records_total Choices committed.\n# TYPE policy_records_total counter"
        yield f"policy_records_total {self._records}"
        yield "# HELP policy_commit_seconds How long commits took.\n# TYPE policy_commit_seconds histogram"
        below = 0
        for bound, count in zip((*BOUNDS, "+Inf"), self._commits, strict=True):
            below += count
            yield f'policy_commit_seconds_bucket{{le="{bound}"}} {below}'
        yield f"policy_commit_seconds_sum {self._seconds:.6f}\npolicy_commit_seconds_count {below}"
        for name, value in sorted(self.gauges.items()):
            yield f"# TYPE policy_{name} gauge\npolicy_{name} {value:g}"
