"""Rollout: one attempt (`run`), many at once (`pool`), forced modes (`interventions`)."""
