"""Every run tries the same examples, so that a test that fails here fails everywhere.

`pytest --hypothesis-profile=search` looks for new ones instead.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("street", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("search", deadline=None, max_examples=2000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("street")
