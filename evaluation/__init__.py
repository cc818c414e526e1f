"""Measuring a policy: pass@k on unseen tasks, the report of a run, drawings of programs."""
