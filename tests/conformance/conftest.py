"""Profiles of the conformance suite, which ask nothing of other tests.

Every property is tried with 200 examples of each task; `COUNTERCLAIM_NIGHTLY=1 pytest
tests/conformance` tries 10,000, for some hours. No profile is loaded: `strategies.EXAMPLES` is
one of them, and stands as a decorator on a property.
"""

from conformance.strategies import PROFILES
from hypothesis import settings

for name, profile in PROFILES.items():
    settings.register_profile(f"conformance-{name}", profile)
