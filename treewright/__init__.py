"""The command line and the configuration: they compose the loop's parts and hold no logic."""
