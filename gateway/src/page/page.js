// The page at /: logs in, shows one room live with the official JavaScript SDK, and sends messages.
'use strict';

const element = (id) => document.getElementById(id);
const messages = new Map();
let session = null;

function trouble(text) {
  element('trouble').textContent = text;
}

async function call(method, path, body) {
  const headers = { 'content-type': 'application/json' };
  if (session) headers.authorization = `Bearer ${session.access_token}`;
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  const object = await answer.json();
  if (!answer.ok) throw new Error(object.detail || answer.statusText);
  return object;
}

async function refreshed() {
  session = await call('POST', '/refresh', { refresh_token: session.refresh_token });
  return session.access_token;
}

// Messages come from the history and live, in any order of arrival: each has its place, and an edit or deletion its message.
function show(message) {
  const known = messages.get(message.message_id);
  const line = known || document.createElement('li');
  const time = new Date(message.created).toLocaleTimeString();
  line.textContent = message.deleted ? `${time} (deleted)` : `${time} ${message.sender}: ${message.content}`;
  if (known) return;
  messages.set(message.message_id, line);
  line.dataset.id = message.message_id;
  const list = element('messages');
  const later = [...list.children].find((other) => other.dataset.id > message.message_id);
  list.insertBefore(line, later || null);
  line.scrollIntoView({ block: 'nearest' });
}

function listen(chat) {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  const client = new Centrifuge(`${scheme}://${location.host}/connection/websocket`, {
    token: session.access_token,
    getToken: refreshed,
  });
  for (const state of ['connecting', 'connected', 'disconnected']) {
    client.on(state, (context) => { element('state').textContent = context.reason ? `${state}: ${context.reason}` : state; });
  }
  const room = client.newSubscription(`room:${chat.chat_id}`);
  room.on('publication', ({ data }) => {
    if (data.event.startsWith('message.')) show(data.data);
  });
  // What was missed beyond recovery is read again.
  room.on('subscribed', (context) => { if (context.wasRecovering && !context.recovered) history(chat); });
  room.on('error', (context) => trouble(context.error.message));
  room.subscribe();
  client.connect();
  element('send').addEventListener('submit', async (event) => {
    event.preventDefault();
    const input = event.target.elements.content;
    try {
      await client.rpc('message.send', { chat_id: chat.chat_id, content: input.value, client_msg_id: crypto.randomUUID() });
      input.value = '';
      trouble('');
    } catch (error) {
      trouble(error.message);
    }
  });
}

async function history(chat) {
  const page = await call('GET', `/chats/${chat.chat_id}/messages`);
  page.reverse().forEach(show);
}

async function open(wanted) {
  if (typeof Centrifuge === 'undefined') {
    trouble('This program was built without the JavaScript SDK, because Node.js or its packages were not there. '
      + 'Everything else works. Install Node.js, run "make page", and build again.');
    return;
  }
  const chats = await call('GET', '/chats?limit=200');
  const chat = chats.find((one) => one.chat_id === wanted) || chats[0];
  if (!chat) {
    trouble('You are in no room yet.');
    return;
  }
  element('login').hidden = true;
  element('room').hidden = false;
  element('name').textContent = chat.name;
  await history(chat);
  listen(chat);
}

async function login(credentials, wanted) {
  try {
    session = await call('POST', '/login', credentials);
    trouble('');
    await open(wanted);
  } catch (error) {
    trouble(error.message);
  }
}

element('login').addEventListener('submit', (event) => {
  event.preventDefault();
  const fields = event.target.elements;
  login({ username: fields.username.value, password: fields.password.value });
});

// Only a node that was started with --demo has this.
fetch('/demo.json').then(async (answer) => {
  if (!answer.ok) return;
  const demo = await answer.json();
  await login({ username: demo.username, password: demo.password }, demo.chat_id);
}).catch((error) => trouble(error.message));
