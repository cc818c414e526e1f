"""Training: the objective, the train step, its backends, checkpoints and weights publishing."""
