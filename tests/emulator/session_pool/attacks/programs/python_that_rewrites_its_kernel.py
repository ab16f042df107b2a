"""Replaces the parts of the kernel that runs it."""

import target
from IPython import get_ipython

shell = get_ipython()
kernel = shell.kernel
target.tried()
kernel.session.send = None
kernel.session.channel = None
kernel.execute_request = None
kernel.do_execute = None
shell.run_cell_async = None
shell.displayhook = None
kernel.get_parent = None
