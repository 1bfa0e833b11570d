/** What one encoding publishes, every other one reads with the same meaning; what is not JSON is refused with 107. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Node } from '../kit/node.js';
import { Person } from '../kit/person.js';
import { Raw } from '../kit/raw.js';
import { sameJson } from '../kit/same.js';
import { connectionToken } from '../kit/tokens.js';
import { TRANSPORTS, WEBSOCKET_PROTOBUF } from '../kit/transports.js';

const utf8 = (text) => new TextEncoder().encode(text);
const nested = (depth) => '['.repeat(depth) + ']'.repeat(depth);

/** JSON that everybody must take. */
const ACCEPTED = {
  'pretty-printed': '{\n  "list": [\r\n    1,\r\n    2\r\n  ],\t"nothing": null\r\n}\n',
  'line breaks in a string': '{"text":"one\\r\\ntwo\\nthree"}',
  'separators of JavaScript': '{"text":"a\u2028b\u2029c"}',
  'letters of every width': '{"text":"aß水\u{1F44B}\\ud83d\\udc4b\\u0000\\u001f\\/"}',
  'the largest whole numbers that every client can hold': '{"n":9007199254740991,"m":-9007199254740991}',
  'numbers in every dress': '[0,-1,0.1,1e3,1E+2,1.5e-7]',
  'a number alone': '42',
  'a string alone': '"hello"',
  'true alone': 'true',
  'null alone': 'null',
  'nothing in braces': '{}',
  'nothing in brackets': '[]',
  'spaces around': ' \t\r\n{"a":1} \t\r\n',
  'keys that mean something to JavaScript': '{"__proto__":{"x":1},"constructor":2}',
  'an empty key': '{"":{"":""}}',
  'thirty-two levels': nested(32),
};

/** JSON at the edge: taken with the same meaning, or refused. */
const TAKEN_OR_REFUSED = {
  'ten thousand levels': nested(10_000),
  'a key twice': '{"a":1,"b":2,"a":3}',
  'half a pair of surrogates': '{"text":"\\ud800"}',
  'a whole number that JavaScript can not hold': '{"n":9007199254740993,"m":-9007199254740993}',
  'a very large whole number': '[123456789012345678901234567890]',
  'minus nothing': '[-0]',
  'a number beyond a double': '1e400',
  'a mark of byte order': '\uFEFF{"a":1}',
};

/** What is no JSON. */
const REFUSED = {
  'nothing at all': '',
  'spaces only': '  \n',
  'not a number': '{"n":NaN}',
  infinity: '[Infinity]',
  'a comma too many': '{"a":1,}',
  'a zero in front': '[01]',
  'a plus in front': '[+1]',
  'single quotes': "{'a':1}",
  'two values': '{"a":1} {"b":2}',
  'half a value': '{"a":[1,2',
  'a raw line break in a string': '"a\nb"',
  'a raw control character in a string': '"a\u0001b"',
  'a comment': '{"a":1} // one',
  'an unknown escape': '"\\x41"',
};

/** The JSON value, with whole numbers beyond what JavaScript can hold as text. */
function meaning(text) {
  return JSON.parse(text.replace(/-?\d{16,}/g, (digits) => JSON.stringify(`number ${digits}`)));
}

describe('a payload', () => {
  let node;
  let speaker;
  let witness;
  let listeners;
  let offset = 0;
  const channel = 'every encoding';
  before(async () => {
    node = await Node.start();
    speaker = new Person('speaker', node, { transport: WEBSOCKET_PROTOBUF });
    await speaker.connects();
    listeners = await Promise.all(
      TRANSPORTS.map(async (transport) => {
        const person = new Person('listener', node, { transport });
        await person.connects();
        const texts = [];
        const ear = await person.listens(channel);
        if (transport.name.endsWith('Protobuf')) {
          ear.subscription.on('publication', ({ data }) => texts.push(new TextDecoder('utf-8', { fatal: true }).decode(data)));
        }
        return { transport, person, ear, texts };
      }),
    );
    witness = await Raw.connect(node, connectionToken('witness'));
    await witness.command(`"subscribe":{"channel":"${channel}"}`);
  });
  after(async () => {
    witness?.close();
    for (const person of [speaker, ...(listeners ?? []).map((listener) => listener.person)]) person?.leaves();
    await node.close();
  });

  /** Everybody has heard the last publication, and it means `text`. */
  const everybodyHears = async (text) => {
    offset += 1;
    for (const { ear, texts } of listeners) {
      await ear.hearsUpTo(offset);
      sameJson(ear.values.at(-1), JSON.parse(text), `${ear}`);
      if (texts.length > 0) sameJson(meaning(texts.at(-1)), meaning(text), `${ear}`);
    }
    const line = await witness.publication(offset);
    for (const [digits] of text.matchAll(/\d{16,}/g)) assert.ok(line.includes(digits), `${digits} in ${line}`);
  };

  for (const [name, text] of Object.entries(ACCEPTED)) {
    test(`from Protobuf: ${name}`, async () => {
      await speaker.client.publish(channel, utf8(text));
      await everybodyHears(text);
    });
  }

  for (const [name, text] of Object.entries(TAKEN_OR_REFUSED)) {
    test(`from Protobuf, the same or refused: ${name}`, async () => {
      let taken = true;
      await speaker.client.publish(channel, utf8(text)).catch((error) => {
        assert.equal(error.code, 107, `refused with ${JSON.stringify(error)}`);
        taken = false;
      });
      if (taken) await everybodyHears(text);
    });
  }

  for (const [name, text] of Object.entries(REFUSED)) {
    test(`from Protobuf, refused: ${name}`, async () => {
      await assert.rejects(speaker.client.publish(channel, utf8(text)), { code: 107 });
    });
  }

  test('from Protobuf, refused: bytes that are not UTF-8', async () => {
    for (const bytes of [[0x22, 0xff, 0x22], [0x22, 0xc0, 0x80, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22], [0x22, 0xe6, 0xb0]]) {
      await assert.rejects(speaker.client.publish(channel, Uint8Array.from(bytes)), { code: 107 });
    }
  });

  for (const [name, text] of Object.entries(ACCEPTED)) {
    // In a frame of JSON a line break ends a command.
    const line = text.replace(/[\r\n]+/g, ' ');
    test(`from a JSON frame, written by hand: ${name}`, async () => {
      const reply = await witness.command(`"publish":{"channel":"${channel}","data":${line}}`);
      assert.deepEqual(reply.publish, {}, reply.text);
      await everybodyHears(line);
    });
  }

  for (const transport of TRANSPORTS) {
    test(`by the SDK over ${transport.name}`, async () => {
      const person = new Person('another speaker', node, { transport });
      await person.connects();
      for (const text of Object.values(ACCEPTED).filter((one) => !/\d{16,}/.test(one))) {
        await person.publish(channel, JSON.parse(text));
        await everybodyHears(text);
      }
      person.leaves();
    });
  }

  test('nothing that was refused is in the log, and all that was taken means there what it meant live', async () => {
    for (const { person, ear } of listeners) {
      const log = await person.wholeLog(channel);
      assert.equal(log.offset, offset);
      ear.heardExactly(log);
    }
  });
});
