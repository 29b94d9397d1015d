"""cmake --install: the installed program finds its libraries by itself and does its work from any folder."""
import os
import subprocess

from halftone_cli import BUILD, DEMO, OK, PROGRAM, SystemTest, environment, halftone, main, settings


class Installed(SystemTest):
    def test_runs_with_an_empty_library_path(self):
        done = subprocess.run(["cmake", "--install", str(BUILD), "--prefix", str(self.folder / "prefix")],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        installed = self.folder / "prefix/bin/halftone"
        clean = {key: value for key, value in environment().items() if key != "LD_LIBRARY_PATH"}

        def run(*words):
            return subprocess.run([str(installed), *map(str, words)], capture_output=True, text=True, env=clean,
                                  cwd=self.folder, check=False)

        shown = run("--version")
        self.assertEqual((shown.returncode, shown.stderr), (OK, ""))
        self.assertEqual(shown.stdout, halftone("--version").out)
        tuned = run("tune", DEMO, *settings(images=100, goal=0.5), "--workspace", "out")
        self.assertEqual(tuned.returncode, OK, tuned.stderr)
        self.assertTrue(os.access(installed, os.X_OK))
        self.assertNotEqual(str(installed), PROGRAM)


if __name__ == "__main__":
    main()
