"""Runs a command; prints its wall time, CPU time and peak memory as one JSON line on file descriptor 3.

Memory is that of the largest process among the command and the children it waited for.
"""

import json
import os
import resource
import subprocess
import sys
import time

start = time.monotonic()
code = subprocess.call(sys.argv[1:])
wall = time.monotonic() - start
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
report = {
    "code": code,
    "wallSeconds": wall,
    "cpuSeconds": usage.ru_utime + usage.ru_stime,
    "peakBytes": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
}
os.write(3, json.dumps(report).encode())
