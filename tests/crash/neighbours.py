"""neighbours.py: makes the modules of tests/blackbox known to whoever imports this one first."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "blackbox"))
