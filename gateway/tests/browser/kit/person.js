/**
 * Somebody in front of the page, in the words of users: opens it, signs in, sends, sees. Everything goes through what a person
 * or a screen reader finds there: roles and names, never classes. Each person has a browser of their own (a context: other
 * cookies, other storage), with one window more for every `anotherTab`.
 */
import assert from 'node:assert/strict';

import { PASSWORD } from '../../sdk/js/kit/accounts.js';
import { PATIENCE_MS } from '../../sdk/js/kit/wait.js';
import { DESK } from './browser.js';
import { Complaints } from './complaints.js';
import { WORDS } from './words.js';

/** States of a message that the server has acknowledged. */
const ACKNOWLEDGED = ['sent', 'received', 'read'];

export class Person {
  #context;

  constructor(account, at, context, page, complaints, words) {
    this.account = account;
    this.at = at;
    this.#context = context;
    this.page = page;
    this.complaints = complaints;
    this.words = words;
  }

  /** With a browser of their own. `account` is null for somebody whom the server does not know yet. */
  static async with(browser, account, at, { size = DESK, language = 'en', scheme = 'light', ...options } = {}) {
    const context = await browser.newContext({
      viewport: size,
      locale: language === 'ru' ? 'ru-RU' : 'en-US',
      colorScheme: scheme,
      reducedMotion: 'reduce',
      ...options,
    });
    context.setDefaultTimeout(PATIENCE_MS);
    const complaints = new Complaints();
    await complaints.hears(context);
    return new Person(account, at, context, await context.newPage(), complaints, WORDS[language]);
  }

  get name() {
    return this.account.username;
  }

  get context() {
    return this.#context;
  }

  /** The same person in the same browser, in a window more. */
  async anotherTab() {
    return new Person(this.account, this.at, this.#context, await this.#context.newPage(), this.complaints, this.words);
  }

  /** Goes away; whatever the page complained about and no story announced fails the story now. */
  async leaves() {
    await this.#context.close();
    this.complaints.areExpected(this.account?.username ?? 'somebody');
  }

  // Finding things.

  button(name, within = this.page) {
    return within.getByRole('button', { name, exact: typeof name === 'string' });
  }

  get log() {
    return this.page.getByRole('log', { name: this.words.messages });
  }

  get box() {
    return this.page.getByRole('textbox', { name: this.words.message, exact: true });
  }

  get chats() {
    return this.page.getByRole('navigation', { name: this.words.chats });
  }

  /** The message in which these words stand. */
  message(text) {
    return this.log.locator('[data-message-id]').filter({ hasText: text });
  }

  // Coming in.

  async opens(path = '/') {
    await this.page.goto(`${this.at.http}${path}`);
  }

  async fillsIn(name = this.name, password = PASSWORD) {
    await this.page.getByLabel(this.words.userName).fill(name);
    await this.page.getByLabel(this.words.password, { exact: true }).fill(password);
  }

  /** Opens the page if it is not there yet, signs in and sees the chats. */
  async signsIn() {
    if (this.page.url() === 'about:blank') await this.opens();
    await this.fillsIn();
    await this.button(this.words.signIn).click();
    await this.chats.waitFor();
  }

  /** Makes an account on the page. */
  async registers(name) {
    this.account = { username: name };
    await this.fillsIn();
    await this.button(this.words.register).click();
    await this.chats.waitFor();
  }

  /** Opens a chat from the list and sees its messages. */
  async opensChat(name) {
    await this.chats.getByRole('link', { name: new RegExp(`^${escaped(name)}`) }).click();
    await this.isIn(name);
  }

  async isIn(name) {
    await this.page.getByRole('heading', { name, exact: true }).waitFor();
    await this.log.waitFor();
  }

  // Talking.

  /** Writes a message and sends it; it stands among the messages, acknowledged or not. */
  async sends(text) {
    await this.box.fill(text);
    await this.button(this.words.send).click();
    await this.sees(text);
  }

  async sees(text) {
    await this.message(text).first().waitFor();
  }

  async doesNotSee(text) {
    await this.message(text).first().waitFor({ state: 'detached' });
  }

  /** The message reaches one of these states. */
  async seesState(text, ...states) {
    const any = states.map((state) => `[data-state="${state}"]`).join(', ');
    await this.message(text).and(this.page.locator(any)).first().waitFor();
  }

  isAcknowledged(text) {
    return this.seesState(text, ...ACKNOWLEDGED);
  }

  async chooses(text, action) {
    const message = this.message(text).first();
    await message.hover();
    await this.button(this.words.actions, message).click();
    await this.page.getByRole('menuitem', { name: action, exact: true }).click();
  }

  async repliesTo(text, answer) {
    await this.chooses(text, this.words.reply);
    await this.sends(answer);
  }

  async edits(text, becomes) {
    await this.chooses(text, this.words.edit);
    await this.sends(becomes);
  }

  async deletes(text) {
    await this.chooses(text, this.words.delete);
  }

  async startsTyping(text = 'hm') {
    await this.box.click();
    await this.page.keyboard.type(text);
  }

  async seesTyping(name) {
    await this.page.locator('[data-typing]').filter({ hasText: name }).waitFor();
  }

  async seesHere(count) {
    await this.page.locator(`[data-here="${count}"]`).waitFor();
  }

  /** All matches of a pattern in the messages on the page, from the top. */
  matches(pattern) {
    return this.log.evaluate(
      (log, source) =>
        [...log.querySelectorAll('[data-message-id]')].flatMap((message) => message.innerText.match(new RegExp(source, 'u')) ?? []),
      pattern.source,
    );
  }

  /** Exactly these stand in the log, in this order, each once: whatever of `pattern` there is. */
  async seesInOrder(pattern, expected) {
    await this.sees(expected.at(-1));
    await this.until(
      ({ source, count }) => {
        const messages = document.querySelectorAll('[role=log] [data-message-id]');
        return [...messages].filter((message) => new RegExp(source, 'u').test(message.innerText)).length >= count;
      },
      { source: pattern.source, count: expected.length },
    );
    assert.deepEqual(await this.matches(pattern), expected, `what ${this.name} sees`);
  }

  // The line.

  /** The connection line says this: live, catching-up, offline, connecting. */
  async isConnection(state) {
    await this.page.locator(`[role=status][data-connection="${state}"]`).waitFor({ state: 'attached' });
  }

  isLive() {
    return this.isConnection('live');
  }

  async isLiveOver(transport) {
    await this.page.locator(`[role=status][data-connection="live"][data-transport="${transport}"]`).waitFor({ state: 'attached' });
  }

  async goesOffline() {
    await this.#context.setOffline(true);
    await this.isConnection('offline');
  }

  async comesBack() {
    await this.#context.setOffline(false);
    await this.isLive();
  }

  // The page itself.

  /** A condition on the page, looked at with every frame that it draws. */
  until(condition, argument) {
    return this.page.waitForFunction(condition, argument, { polling: 'raf' });
  }

  /** Words that tell of an error: in an alert, a status or the dialog that is open. */
  async isTold(pattern) {
    await this.page.getByRole('alert').filter({ hasText: pattern }).first().waitFor();
  }

  /** Nothing sticks out to the right. */
  async scrollsNoSideways() {
    const { inner, width, culprit } = await this.page.evaluate(() => {
      const inner = document.documentElement.clientWidth;
      const wide = [...document.querySelectorAll('body *')].find((element) => element.getBoundingClientRect().right > inner + 1);
      return { inner, width: document.documentElement.scrollWidth, culprit: wide?.outerHTML.slice(0, 200) };
    });
    assert.ok(width <= inner, `the page is ${width} wide in a window of ${inner}: ${culprit}`);
  }
}

function escaped(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
