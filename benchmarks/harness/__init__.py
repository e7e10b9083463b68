"""How things are measured: what is timed, in which rounds, with which handlers."""
