/** What people do in rooms, in their words: send, see, reply, edit, find each other, invite, scroll. */
import assert from 'node:assert/strict';

import { Visitor } from './visitor.js';

/** States of a message that the server has acknowledged. */
const ACKNOWLEDGED = ['sent', 'received', 'read'];

export class Person extends Visitor {
  get log() {
    return this.page.getByRole('log', { name: this.words.messages });
  }

  get box() {
    return this.page.getByRole('textbox', { name: this.words.message, exact: true });
  }

  /** The message in which these words stand, acknowledged or not. */
  message(text) {
    return this.log.locator('[data-state]').filter({ hasText: text });
  }

  /** The list's line of a chat. */
  chat(name) {
    return this.chats.getByRole('link', { name: new RegExp(`^${escaped(name)}`) });
  }

  /** The page forgets that this is a guest, as one does that was loaded before the rights became fewer. */
  async isTakenForAMember() {
    await this.page.evaluate(() => {
      const login = JSON.parse(localStorage.getItem('plenum.login'));
      localStorage.setItem('plenum.login', JSON.stringify({ ...login, is_guest: false }));
    });
    await this.page.reload();
    await this.log.waitFor();
  }

  // Getting into a room.

  /** Opens a chat from the list and sees its messages. */
  async opensChat(name) {
    await this.chat(name).click();
    await this.isIn(name);
  }

  async isIn(name) {
    await this.page.getByRole('heading', { name, exact: true }).waitFor();
    await this.log.waitFor();
  }

  /** Leaves the room for the list. */
  async opensList() {
    await this.page.goto(`${this.at.http}/#/`);
    await this.log.waitFor({ state: 'detached' });
  }

  /** The list says that so many messages of a chat are unread. */
  async seesUnread(name, count) {
    const unread = this.chat(name).locator('[data-unread]');
    if (count === 0) await unread.waitFor({ state: 'detached' });
    else await unread.and(this.page.locator(`[data-unread="${count}"]`)).waitFor();
  }

  /** Looks for somebody and starts a chat of two. */
  async findsPerson(name) {
    await this.button(this.words.newChat).click();
    await this.#picks(name);
    await this.button(this.words.createChat, this.dialog).click();
    await this.isIn(name);
  }

  /** Makes a group with a name and these people. */
  async startsGroup(title, names) {
    await this.button(this.words.newChat).click();
    for (const name of names) await this.#picks(name);
    await this.dialog.getByLabel(this.words.chatName).fill(title);
    await this.button(this.words.createChat, this.dialog).click();
    await this.isIn(title);
  }

  async #picks(name) {
    await this.page.getByRole('searchbox', { name: this.words.findPeople }).fill(name);
    await this.dialog.getByRole('checkbox', { name: new RegExp(escaped(name)) }).check();
  }

  /** Opens the invitation and takes its link; closes it again unless it `stays`. */
  async invites({ stays = false } = {}) {
    await this.button(this.words.invite).click();
    const dialog = this.page.getByRole('dialog', { name: this.words.invite });
    await dialog.getByRole('img').waitFor();
    const link = await dialog.getByRole('textbox').inputValue();
    assert.match(link, /\/join\/[^/]+$/);
    if (!stays) await this.page.keyboard.press('Escape');
    return link;
  }

  /** Goes to a day of the calendar of this device. */
  async jumpsToDate(day) {
    await this.button(this.words.jumpToDate).click();
    const two = (number) => String(number).padStart(2, '0');
    await this.dialog.getByLabel(this.words.date).fill(`${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`);
    await this.button(this.words.go, this.dialog).click();
  }

  // Talking.

  async presses(button) {
    await this.button(button).click();
  }

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

  async opensActions(text) {
    const message = this.message(text).first();
    await message.hover();
    await this.button(this.words.actions, message).click();
  }

  async chooses(text, action) {
    await this.opensActions(text);
    await this.menuItem(action).click();
  }

  async repliesTo(text, answer) {
    await this.chooses(text, this.words.reply);
    await this.sends(answer);
  }

  async edits(text, becomes) {
    await this.chooses(text, this.words.edit);
    await this.box.fill(becomes);
    await this.button(this.words.save).click();
    await this.sees(becomes);
  }

  async deletes(text) {
    await this.chooses(text, this.words.delete);
    await this.button(this.words.delete, this.dialog).click();
  }

  async startsTyping(text) {
    await this.box.click();
    await this.page.keyboard.type(text);
  }

  async seesTyping(name) {
    await this.page.locator('[data-typing]').filter({ hasText: name }).waitFor();
  }

  async seesNobodyTyping() {
    await this.page.locator('[data-typing]').filter({ hasText: /\S/ }).waitFor({ state: 'detached' });
  }

  async seesHere(count) {
    await this.page.locator(`[data-here="${count}"]`).waitFor();
  }

  /** Pastes something copied on a web page: its markup and its text. */
  async pastes(html, text) {
    await this.context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: this.at.http });
    await this.page.evaluate(
      ([html, text]) => {
        const blob = (type, words) => new Blob([words], { type });
        return navigator.clipboard.write([new ClipboardItem({ 'text/html': blob('text/html', html), 'text/plain': blob('text/plain', text) })]);
      },
      [html, text],
    );
    await this.box.focus();
    await this.page.keyboard.press('Control+V');
  }

  // The order of things.

  /** All matches of a pattern in the messages on the page, from the top. */
  matches(pattern) {
    return this.log.evaluate(
      (log, source) =>
        [...log.querySelectorAll('[data-state]')].flatMap((message) => new RegExp(source, 'u').exec(message.innerText)?.[0] ?? []),
      pattern.source,
    );
  }

  /** Exactly these stand in the log, in this order, each once: whatever of `pattern` there is. */
  async seesInOrder(pattern, expected) {
    for (const text of expected) await this.sees(text);
    assert.deepEqual(await this.matches(pattern), expected, `what ${this.name} sees`);
  }

  /** The element that holds these words alone sets the direction of writing for itself. */
  async isIsolated(text) {
    return this.message(text).first().evaluate((message, text) => {
      const walker = document.createTreeWalker(message, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        if (!node.data.includes(text)) continue;
        for (let element = node.parentElement; message.contains(element); element = element.parentElement) {
          if (/isolate|plaintext/.test(getComputedStyle(element).unicodeBidi) && element.innerText === node.parentElement.innerText) return true;
        }
      }
      return false;
    }, text);
  }
}

function escaped(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
