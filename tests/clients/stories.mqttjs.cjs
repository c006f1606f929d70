// stories.mqttjs.cjs PORT — what MQTT.js and the broker at this port do together.
//
// Each story is told with 3.1.1 and with 5.0, or with 5.0 only. Ends with 1 if one of them failed.
'use strict';
const assert = require('node:assert');
const { createHash, randomBytes } = require('node:crypto');
const mqtt = require('mqtt');

const port = Number(process.argv[2]);
const DEADLINE_MS = 1000 * Number(process.env.MIDGE_TEST_DEADLINE_S || 20);
const LARGE = 5 << 20;
let tellings = 0;

function within(promise, what) {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`late: ${what}`)), DEADLINE_MS);
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// A client, and its messages in the order they came.
class Client {
    static async open(story, short, options = {}) {
        const client = new Client();
        client.messages = [];
        client.waiting = null;
        client.mqtt = mqtt.connect({
            host: '127.0.0.1', port, protocolVersion: story.v, clientId: `${story.prefix}-${short}`,
            reconnectPeriod: 0, clean: true, ...options,
        });
        story.clients.push(client);
        client.mqtt.on('message', (topic, payload, packet) => {
            client.messages.push({ topic, payload, packet });
            if (client.waiting) client.waiting();
        });
        client.connack = await within(new Promise((resolve, reject) => {
            client.mqtt.once('connect', resolve);
            client.mqtt.once('error', reject);
        }), `CONNACK for ${short}`);
        return client;
    }

    async message() {
        while (this.messages.length === 0) {
            await within(new Promise((resolve) => { this.waiting = resolve; }), 'a message');
        }
        return this.messages.shift();
    }

    async expect(topic, payload, fields = {}) {
        const message = await this.message();
        assert.strictEqual(message.topic, topic);
        assert.strictEqual(message.payload.toString(), payload);
        for (const [name, value] of Object.entries(fields)) {
            assert.strictEqual(message.packet[name], value, name);
        }
        return message.packet;
    }

    subscribe(topic, options) {
        return within(this.mqtt.subscribeAsync(topic, options), `SUBACK for ${topic}`);
    }

    publish(topic, payload, options = {}) {
        return within(this.mqtt.publishAsync(topic, payload, options), `answer for ${topic}`);
    }

    close() {
        return within(this.mqtt.endAsync(), 'the end');
    }

    vanish() {
        this.mqtt.stream.destroy();
    }
}

const stories = {
    async 'QoS 0, 1 and 2, in order'(story) {
        const blue = await Client.open(story, 'blue');
        const green = await Client.open(story, 'green');
        for (const qos of [0, 1, 2]) {
            const topic = story.topic(`t${qos}`);
            const granted = await blue.subscribe(topic, { qos });
            assert.strictEqual(granted[0].qos, qos);
            // MQTT.js does not look at the broker's receive maximum: 50 at a time are below it.
            for (let first = 0; first < 500; first += 50) {
                const sent = [];
                for (let n = first; n < first + 50; n++) {
                    sent.push(green.publish(topic, `${n}`, { qos }));
                }
                await Promise.all(sent);
                for (let n = first; n < first + 50; n++) await blue.expect(topic, `${n}`, { qos });
            }
        }
    },

    async 'retained: set, replaced, cleared'(story) {
        const green = await Client.open(story, 'green');
        for (const payload of ['old', 'new']) {
            await green.publish(story.topic('a'), payload, { qos: 1, retain: true });
            await green.publish(story.topic('b'), payload, { qos: 2, retain: true });
        }
        await green.publish(story.topic('b'), '', { qos: 1, retain: true });
        const blue = await Client.open(story, 'blue');
        await blue.subscribe(story.topic('#'), { qos: 1 });
        await blue.expect(story.topic('a'), 'new', { retain: true });
        await green.publish(story.topic('end'), 'end', { qos: 1 });
        await blue.expect(story.topic('end'), 'end', { retain: false });
    },

    async 'will of one that vanishes, none of one that says goodbye'(story) {
        const blue = await Client.open(story, 'blue');
        await blue.subscribe(story.topic('will/+'), { qos: 2 });
        const will = (name) => ({
            will: { topic: story.topic(`will/${name}`), payload: name, qos: 1 },
        });
        await (await Client.open(story, 'polite', will('polite'))).close();
        (await Client.open(story, 'lost', will('lost'))).vanish();
        await blue.expect(story.topic('will/lost'), 'lost', { qos: 1 });
    },

    async 'session resumed'(story) {
        const options = { clean: false };
        if (story.v === 5) options.properties = { sessionExpiryInterval: 600 };
        const first = await Client.open(story, 'kept', options);
        assert.strictEqual(first.connack.sessionPresent, false);
        await first.subscribe(story.topic('t'), { qos: 2 });
        await first.close();
        const green = await Client.open(story, 'green');
        const topic = story.topic('t');
        for (let n = 0; n < 50; n++) await green.publish(topic, `${n}`, { qos: 1 });
        const again = await Client.open(story, 'kept', options);
        assert.strictEqual(again.connack.sessionPresent, true);
        for (let n = 0; n < 50; n++) await again.expect(topic, `${n}`, { qos: 1 });
    },

    async 'five megabytes'(story) {
        const payload = randomBytes(LARGE);
        const digest = (bytes) => createHash('sha256').update(bytes).digest('hex');
        const blue = await Client.open(story, 'blue');
        const green = await Client.open(story, 'green');
        await blue.subscribe(story.topic('t'), { qos: 2 });
        for (const qos of [0, 1, 2]) {
            await green.publish(story.topic('t'), payload, { qos });
            const message = await blue.message();
            assert.strictEqual(digest(message.payload), digest(payload));
        }
    },

    async 'shared subscription'(story) {
        const members = [await Client.open(story, 'm0'), await Client.open(story, 'm1')];
        for (const member of members) {
            await member.subscribe(`$share/group/${story.topic('t')}`, { qos: 1 });
        }
        const green = await Client.open(story, 'green');
        const count = 100;
        const all = new Promise((resolve) => {
            for (const member of members) {
                member.mqtt.on('message', () => {
                    const got = members[0].messages.length + members[1].messages.length;
                    if (got === count) resolve();
                });
            }
        });
        for (let n = 0; n < count; n++) await green.publish(story.topic('t'), `${n}`, { qos: 1 });
        await within(all, 'all of them');
        const got = members.map((member) => member.messages.map((m) => Number(m.payload)));
        assert.ok(got[0].length > 0 && got[1].length > 0);
        assert.deepStrictEqual(got.flat().sort((a, b) => a - b), [...Array(count).keys()]);
    },

    async 'unsubscribed'(story) {
        const blue = await Client.open(story, 'blue');
        const green = await Client.open(story, 'green');
        await blue.subscribe([story.topic('a'), story.topic('b')], { qos: 1 });
        await within(blue.mqtt.unsubscribeAsync(story.topic('a')), 'UNSUBACK');
        await green.publish(story.topic('a'), 'no', { qos: 1 });
        await green.publish(story.topic('b'), 'yes', { qos: 1 });
        await blue.expect(story.topic('b'), 'yes');
    },

    async '5.0: properties'(story) {
        const blue = await Client.open(story, 'blue');
        const green = await Client.open(story, 'green');
        const properties42 = { subscriptionIdentifier: 42 };
        await blue.subscribe(story.topic('t'), { qos: 1, properties: properties42 });
        await green.publish(story.topic('t'), 'x', { qos: 1, properties: {
            payloadFormatIndicator: true, contentType: 'text', responseTopic: 'answer',
            correlationData: Buffer.from([0, 1]), messageExpiryInterval: 1000,
            userProperties: { a: ['1', '2'], b: '3' },
        } });
        const { properties } = await blue.expect(story.topic('t'), 'x');
        assert.strictEqual(properties.contentType, 'text');
        assert.strictEqual(properties.responseTopic, 'answer');
        assert.strictEqual(properties.payloadFormatIndicator, true);
        assert.deepStrictEqual([...properties.correlationData], [0, 1]);
        assert.deepStrictEqual({ ...properties.userProperties }, { a: ['1', '2'], b: '3' });
        assert.strictEqual(properties.subscriptionIdentifier, 42);
        assert.ok(properties.messageExpiryInterval >= 998);
    },

    async '5.0: topic aliases, both ways'(story) {
        const blue = await Client.open(story, 'blue', { properties: { topicAliasMaximum: 5 } });
        const green = await Client.open(story, 'green', { autoAssignTopicAlias: true });
        await blue.subscribe(story.topic('#'), { qos: 1 });
        for (let n = 0; n < 60; n++) {
            await green.publish(story.topic(`t${n % 7}`), `${n}`, { qos: n % 2 });
            await blue.expect(story.topic(`t${n % 7}`), `${n}`);
        }
    },

    async '5.0: no local, retain as published, retain handling'(story) {
        const blue = await Client.open(story, 'blue');
        const green = await Client.open(story, 'green');
        await green.publish(story.topic('t'), 'kept', { qos: 1, retain: true });
        await blue.subscribe(story.topic('t'), { qos: 1, nl: true, rap: true, rh: 2 });
        await blue.publish(story.topic('t'), 'mine', { qos: 1 });
        await green.publish(story.topic('t'), 'yours', { qos: 1, retain: true });
        await blue.expect(story.topic('t'), 'yours', { retain: true });
    },

    async '5.0: taken over'(story) {
        const older = await Client.open(story, 'same');
        const told = within(new Promise((resolve) => older.mqtt.once('disconnect', resolve)),
            'DISCONNECT');
        await Client.open(story, 'same');
        assert.strictEqual((await told).reasonCode, 0x8E);
    },
};

async function tell(name, v) {
    const prefix = `js${++tellings}`;
    const story = { v, prefix, clients: [], topic: (rest) => `${prefix}/${rest}` };
    try {
        await stories[name](story);
        console.log(`ok      ${v} ${name}`);
        return true;
    } catch (error) {
        console.log(`FAILED  ${v} ${name}: ${error.stack}`);
        return false;
    } finally {
        for (const client of story.clients) client.mqtt.end(true);
    }
}

(async () => {
    let good = true;
    for (const name of Object.keys(stories)) {
        for (const v of name.startsWith('5.0') ? [5] : [4, 5]) {
            good = await tell(name, v) && good;
        }
    }
    process.exitCode = good ? 0 : 1;
})();
