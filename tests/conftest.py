from hypothesis import HealthCheck, settings

# A busy machine must not turn a test red: nothing here is about how long an example takes.
settings.register_profile("timeless", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("timeless")
