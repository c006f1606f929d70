#!/usr/bin/python3
"""midged and MQTT.js, the client of Node-RED, of web pages and of the dashboard.

The stories are told in stories.mqttjs.cjs; this file starts the broker and reads how they ended.
"""

import os
import subprocess

from clients import Story, main, need_programs, skip

need_programs("nodejs", "node")

HERE = os.path.dirname(os.path.abspath(__file__))
STORIES = os.path.join(HERE, "stories.mqttjs.cjs")
if subprocess.run(["node", "-e", "require('mqtt')"], capture_output=True, cwd=HERE,
                  check=False).returncode:
    skip("MQTT.js is not installed (scripts/prerequisites test puts it into NODE_PATH).")


class MqttJs(Story):
    directives = ("max_queued_messages 10000",)

    def test_stories(self):
        """MQTT.js: every story of stories.mqttjs.cjs, with 3.1.1 and 5.0"""
        done = subprocess.run(["node", STORIES, str(self.broker.port)], capture_output=True,
                              text=True, timeout=200, check=False)
        print(done.stdout)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    main()
