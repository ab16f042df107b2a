"""The payload in this version of Jupyter's kernel."""

from jupyter_kernel import *  # noqa: F403
