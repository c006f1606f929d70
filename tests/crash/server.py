"""server.py: one broker through many lives, always on the same port and the same store."""

import os
import signal
import subprocess

import neighbours  # noqa: F401
from broker import Port, REPORTS, STOP_S, die_with_parent

# Nothing of what is owed may be dropped because there is too much of it.
UNBOUNDED = ("max_queued_messages 0", "max_queued_bytes 0")

# A kill damages nothing, and the disk is well.
TROUBLES = ("damaged", "set aside", "cannot be used", "Acknowledgements wait",
            "until there is room")


class Server:
    def __init__(self, program, folder, directives=()):
        self.program, self.folder, self.directives = program, folder, tuple(directives)
        self.is_mosquitto = os.path.basename(program).startswith("mosquitto")
        self.port_lock = Port()
        self.port = self.port_lock.number
        self.log_path = os.path.join(folder, "log")
        self.store_path = os.path.join(folder, "store")
        self.process = None
        os.makedirs(self.store_path, exist_ok=True)
        os.chmod(folder, 0o777)  # mosquitto gives up root
        os.chmod(self.store_path, 0o777)

    def write_configuration(self, threads):
        path = os.path.join(self.folder, f"broker-{threads}.conf")
        lines = [f"listener {self.port} 127.0.0.1", "allow_anonymous true", "log_dest stderr",
                 "log_type error", "log_type warning", "connection_messages false",
                 "persistence true", f"persistence_location {self.store_path}/"]
        if not self.is_mosquitto:
            lines.append(f"threads {threads}")
        with open(path, "w", encoding="utf-8") as out:
            out.write("\n".join([*lines, *self.directives]) + "\n")
        return path

    def start(self, threads=2):
        """Returns at once: whether it listens is for the clients to find out."""
        command = [self.program, "-c", self.write_configuration(threads)]
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)

    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """kill -9. What the broker said before is still in the sockets of the clients."""
        self.process.kill()
        self.process.wait()

    def ask_to_stop(self):
        self.process.send_signal(signal.SIGTERM)

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def complaint(self):
        """What the log says that no log may say, or None."""
        log = self.log()
        words = REPORTS + (() if self.is_mosquitto else TROUBLES)
        return next((log[-3000:] for word in words if word in log), None)

    def release(self):
        if self.is_alive():
            self.kill()
        self.port_lock.release()
