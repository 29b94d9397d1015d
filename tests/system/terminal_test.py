"""What a person sees while a tune runs: one live line on a terminal, whatever its width; plain lines in a file."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

from halftone_cli import DEMO, OK, OUT_OF_REACH, SystemTest, command, environment, halftone, main, settings

CLEAR = b"\r\x1b[K"  # carriage return, then: clear the rest of the line
CLEAR_FOR_A_MESSAGE = b"\x1b[2K\r"  # clear the whole line, then carriage return


class Terminal:
    """A pseudo-terminal at the program's stderr; stdout goes to a pipe, as in `halftone tune … > report.txt`."""

    def __init__(self, words, columns, **variables):
        self.master, slave = pty.openpty()
        self.resize(columns)
        self.process = subprocess.Popen(command(*words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=slave,
                                        env=environment(TERM="xterm", **variables) if "TERM" not in variables
                                        else environment(**variables))
        os.close(slave)
        self.shown = b""

    def resize(self, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def read_until(self, is_enough, seconds=240):
        """Returns False where the program ended before. Linux gives EIO once the other end is closed."""
        end = time.monotonic() + seconds
        while not is_enough(self.shown):
            if time.monotonic() > end:
                self.process.kill()
                raise AssertionError(f"not seen in {seconds} s: {self.shown[-500:]}")
            if not select.select([self.master], [], [], 0.5)[0]:
                continue
            try:
                piece = os.read(self.master, 65536)
            except OSError:
                return False
            if not piece:
                return False
            self.shown += piece
        return True

    def finish(self):
        """Reads to the end. Returns the exit code and stdout."""
        self.read_until(lambda _: False)
        out = self.process.communicate(timeout=60)[0].decode()
        os.close(self.master)
        return self.process.returncode, out


def live_lines(shown):
    """What was written over and over again; what stands behind the last of them is no part of it."""
    return [re.split(b"\r\n|" + re.escape(CLEAR_FOR_A_MESSAGE), line)[0].decode() for line in shown.split(CLEAR)[1:]]


class LiveLine(SystemTest):
    def words(self, *more, images=200, trials=4, folder="out"):
        return ["tune", DEMO, *settings(images=images, calibration=50, trials=trials, goal=OUT_OF_REACH), "--workspace",
                self.folder / folder, *more]

    def test_a_narrow_terminal_gets_the_beginning_of_the_line(self):
        terminal = Terminal(self.words(), columns=40)
        terminal.finish()
        lines = live_lines(terminal.shown)
        self.assertGreaterEqual(len(lines), 4, "a line for each trial")
        # The last column stays free: some terminals wrap as soon as it is written.
        self.assertEqual([line for line in lines if len(line) > 39], [])
        self.assertIn("trial 1 of at most 4  best ", terminal.shown.decode())
        # A message has a line of its own: the live line gives its place away, if there is one yet.
        self.assertRegex(terminal.shown, rb"(^|\r\n|\x1b\[2K\r)[-0-9T:.]+ warning 0 tune no model can meet the goal")
        self.assertEqual(terminal.shown.count(b"\n"), terminal.shown.count(b"\r\n"))

    def test_a_resized_terminal_gets_lines_of_the_new_width(self):
        # Long enough that trials follow the change of the window also where this script has to wait for a core.
        terminal = Terminal(self.words(images=1500, trials=6), columns=200)
        self.assertTrue(terminal.read_until(lambda shown: b"trial 1 of at most" in shown))
        wide = len(terminal.shown)
        terminal.resize(30)
        terminal.process.send_signal(signal.SIGWINCH)
        terminal.finish()
        self.assertTrue(any(len(line) > 40 for line in live_lines(terminal.shown[:wide])))
        # What was on its way when the window changed may still be wide.
        self.assertEqual([line for line in live_lines(terminal.shown[wide:])[1:] if len(line) > 29], [])
        self.assertIn(terminal.process.returncode, (OK, 6), "the signal ends nothing")

    def test_the_report_begins_on_a_line_of_its_own(self):
        terminal = Terminal(self.words(), columns=100)
        _, out = terminal.finish()
        self.assertTrue(terminal.shown.endswith(b"\r\n"), terminal.shown[-100:])
        self.assertNotIn("\r", out)
        self.assertIn("results in ", out)

    def test_no_colours(self):
        for variables in ({"NO_COLOR": "1"}, {}):
            with self.subTest(variables=variables):
                terminal = Terminal(self.words(folder=f"colours{len(variables)}"), 100, **variables)
                terminal.finish()
                self.assertIn(b"trial 1 of at most 4", terminal.shown)
                self.assertIsNone(re.search(rb"\x1b\[[0-9;]*m", terminal.shown))

    def test_quiet_is_quiet(self):
        terminal = Terminal(self.words("-q"), columns=100)
        _, out = terminal.finish()
        self.assertEqual(terminal.shown, b"")
        self.assertIn("results in ", out)
        self.assertIn("trial=3", (self.folder / "out/tune.log").read_text(), "the file has it all the same")

    def test_a_dumb_terminal_gets_what_a_file_gets(self):
        terminal = Terminal(self.words(), columns=100, TERM="dumb")
        terminal.finish()
        self.assertNotIn(b"\x1b", terminal.shown)
        self.assertIn(b"trial=3", terminal.shown)

    def test_a_file_gets_lines_and_no_bar(self):
        done = halftone(*self.words())
        for control in ("\r", "\x1b"):
            self.assertNotIn(control, done.err)
        self.assertEqual(len(re.findall(r" info 0 tune trial=\d ", done.err)), 4)
        self.assertRegex(done.err, r"left (about )?\d+s")


if __name__ == "__main__":
    main()
