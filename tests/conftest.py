"""Settings for every tier.

Hypothesis draws new examples in every run; on a failure it prints the smallest one, and the line
(`@reproduce_failure`) that brings it back.
"""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "ucarpd",
    deadline=None,
    print_blob=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ucarpd")
