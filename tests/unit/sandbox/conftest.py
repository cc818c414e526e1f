"""Property tests take as long as the machine lets them: a busy one is no failure."""

from hypothesis import settings

settings.register_profile("busy-host", deadline=None)
settings.load_profile("busy-host")
