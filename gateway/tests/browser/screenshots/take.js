/**
 * Takes the pictures of docs/screenshots anew: `make screenshots`. The same content at the same moment every time, on a real
 * node in a real browser, so that a picture changes only when the page does.
 */
import { mkdir, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import path from 'node:path';

import { Person } from '../kit/person.js';
import { ENGLISH, NOW, RUSSIAN, TIME_ZONE } from './content.js';
import { House } from './house.js';

const FOLDER = fileURLToPath(new URL('../../../../docs/screenshots/', import.meta.url));
const BYTES_MAX = 150 * 1024;
const PHONE = { size: { width: 360, height: 720 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };
const DESK = { size: { width: 1200, height: 750 } };

/** Each picture: what it is called, of what, and what the person does before it is taken. */
const PICTURES = [
  { name: 'sign-in', window: PHONE, content: ENGLISH, shows: (person) => person.opens() },
  { name: 'room-phone-light', window: PHONE, content: ENGLISH, shows: opensRoom },
  { name: 'room-phone-dark', window: { ...PHONE, scheme: 'dark' }, content: ENGLISH, shows: opensRoom },
  { name: 'room-desktop', window: DESK, content: ENGLISH, shows: opensRoom },
  { name: 'room-russian', window: PHONE, content: RUSSIAN, shows: opensRoom },
  { name: 'room-offline', window: PHONE, content: ENGLISH, shows: losesTheLine },
];

async function opensRoom(person, content) {
  await person.signsIn();
  await person.opensChat(content.title);
  await person.isLive();
  await person.sees(content.talk.at(-1).text);
}

async function losesTheLine(person, content) {
  await opensRoom(person, content);
  await person.goesOffline();
  for (const text of content.waiting) await person.sends(text);
}

async function take({ name, window, content, shows }, stage, account) {
  const options = { ...window, language: content.language, timezoneId: TIME_ZONE };
  const person = await Person.with(stage.browser, account, stage.node, options);
  await person.context.clock.setFixedTime(NOW);
  await shows(person, content);
  await person.page.evaluate(() => document.fonts.ready);
  const file = path.join(FOLDER, `${name}.png`);
  await person.page.screenshot({ path: file, animations: 'disabled', caret: 'hide' });
  await person.context.close();
  const { size } = await stat(file);
  console.log(`docs/screenshots/${name}.png ${size} bytes`);
  if (size > BYTES_MAX) throw new Error(`${name}.png is larger than ${BYTES_MAX} bytes`);
}

await mkdir(FOLDER, { recursive: true });
const house = await House.opens();
try {
  const accounts = new Map();
  for (const content of [ENGLISH, RUSSIAN]) accounts.set(content, await house.fills(content));
  for (const picture of PICTURES) await take(picture, house.stage, accounts.get(picture.content));
} finally {
  await house.closes();
}
