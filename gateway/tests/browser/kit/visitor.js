/**
 * Somebody in front of the page, in a browser of their own (a context: other cookies, other storage): comes in, finds things,
 * has a line that breaks. Everything goes through what a person or a screen reader finds: roles and names, never classes.
 * What people do in rooms is in kit/person.js.
 */
import assert from 'node:assert/strict';

import { PASSWORD } from '../../sdk/js/kit/accounts.js';
import { PATIENCE_MS } from '../../sdk/js/kit/wait.js';
import { DESK } from './browser.js';
import { Complaints } from './complaints.js';
import { WORDS } from './words.js';

export class Visitor {
  /** The browser's context. */
  context;
  /** The open window. */
  page;
  /** What the page complained about. */
  complaints;
  /** How things are called in this visitor's language. */
  words;

  constructor(account, at, { context, page, complaints, words }) {
    Object.assign(this, { account, at, context, page, complaints, words });
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
    return new this(account, at, { context, page: await context.newPage(), complaints, words: WORDS[language] });
  }

  get name() {
    return this.account.username;
  }

  /** The same person in the same browser, in a window more. */
  async anotherTab() {
    return new this.constructor(this.account, this.at, { ...this, page: await this.context.newPage() });
  }

  /** Goes away; whatever the page complained about and no story announced fails the story now. */
  async leaves() {
    await this.context.close();
    this.complaints.areExpected(this.account?.username ?? 'somebody');
  }

  // Finding things.

  button(name, within = this.page) {
    return within.getByRole('button', { name, exact: typeof name === 'string' });
  }

  menuItem(name) {
    return this.page.getByRole('menuitem', { name, exact: true });
  }

  get dialog() {
    return this.page.getByRole('dialog');
  }

  get chats() {
    return this.page.getByRole('navigation', { name: this.words.chats });
  }

  /** A condition on the page, looked at with every frame that it draws. */
  until(condition, argument) {
    return this.page.waitForFunction(condition, argument, { polling: 'raf' });
  }

  // Coming in and going out.

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

  async signsOut() {
    await this.button(this.words.signOut).click();
    await this.button(this.words.signIn).waitFor();
  }

  /** At the door of a room: gives a name and goes in. */
  async joinsAs(name) {
    this.account = { username: name };
    await this.page.getByLabel(this.words.yourName).fill(name);
    await this.button(this.words.join).click();
  }

  // The line.

  /** The connection line says this: live, catching-up, offline, connecting. */
  async isConnection(...states) {
    const any = states.map((state) => `[role=status][data-connection="${state}"]`).join(', ');
    await this.page.locator(any).first().waitFor({ state: 'attached' });
  }

  isLive() {
    return this.isConnection('live');
  }

  isNotLive() {
    return this.isConnection('offline', 'connecting');
  }

  async isLiveOver(transport) {
    await this.page.locator(`[role=status][data-connection="live"][data-transport="${transport}"]`).waitFor({ state: 'attached' });
  }

  async goesOffline() {
    await this.context.setOffline(true);
    await this.isConnection('offline');
  }

  async comesBack() {
    await this.context.setOffline(false);
    await this.isLive();
  }

  // The page as a whole.

  /** Something that is read out at once or in a pause has these words. */
  async isTold(pattern) {
    await this.page.getByRole('alert').or(this.page.getByRole('status')).filter({ hasText: pattern }).first().waitFor();
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

  /** The colour of the page's ground. */
  background() {
    return this.page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  }

  /** Presses the switch of the theme until it is dark. */
  async turnsDark() {
    for (let press = 0; press < 3; press += 1) {
      if ((await this.button(this.words.themeIsDark).count()) > 0) return;
      await this.button(this.words.theme).click();
    }
    await this.button(this.words.themeIsDark).waitFor();
  }

  /** Presses Tab until something with this name has the focus. */
  async tabsTo(name, presses = 60) {
    for (let press = 0; press < presses; press += 1) {
      const focused = this.page.locator(':focus');
      if ((await focused.count()) > 0 && (await this.button(name).and(focused).count()) > 0) return;
      await this.page.keyboard.press('Tab');
    }
    assert.fail(`${presses} times Tab did not lead to ${name}`);
  }
}
