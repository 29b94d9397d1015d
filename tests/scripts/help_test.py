#!/usr/bin/env python3
"""Every Python script for users prints its help, also where none of the packages that it needs is installed."""
import os
import pathlib
import subprocess
import sys
import unittest

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "scripts"


class Help(unittest.TestCase):
    def test_needs_no_package(self):
        # -S leaves out all installed packages; the folder of the Pythons that scripts/setup.sh makes is an empty one.
        environment = {**os.environ, "HALFTONE_DEPS_DIR": "/nonexistent"}
        for script in ("certify.py", "report.py", "prepare_text.py", "analyse_study.py"):
            with self.subTest(script=script):
                done = subprocess.run([sys.executable, "-S", SCRIPTS / script, "--help"], env=environment,
                                      capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn(script, done.stdout)


if __name__ == "__main__":
    unittest.main()
