"""The command line's commands, a module per subject; each has ``register(app)``, and :mod:`doxa.cli` calls them all."""
