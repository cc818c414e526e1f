"""Rollout actors: sample programs, have them run, write what happened to the replay."""
