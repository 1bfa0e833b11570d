// The page at /docs: shows /openapi.json.
'use strict';

let schemas = {};

function element(name, text, ...children) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  made.append(...children);
  return made;
}

function resolved(schema) {
  const name = schema && schema.$ref && schema.$ref.split('/').pop();
  return name ? schemas[name] || {} : schema || {};
}

// A type in a few words.
function words(schema) {
  if (!schema) return '';
  if (schema.$ref) return schema.$ref.split('/').pop();
  if (schema.type === 'array') return `list of ${words(schema.items)}`;
  const several = schema.anyOf || schema.oneOf;
  if (several) return several.map(words).join(' or ');
  if (schema.enum) return schema.enum.map((one) => JSON.stringify(one)).join(', ');
  return Array.isArray(schema.type) ? schema.type.join(' or ') : schema.type || 'any';
}

function table(title, rows) {
  if (rows.length === 0) return '';
  const lines = rows.map(([name, type, meaning]) =>
    element('tr', '', element('td', '', element('code', name)), element('td', type), element('td', meaning)));
  return element('div', '', element('h4', title), element('table', '', element('tbody', '', ...lines)));
}

function fields(schema) {
  const object = resolved(schema);
  const required = object.required || [];
  return Object.entries(object.properties || {}).map(([name, field]) =>
    [name, words(field), `${required.includes(name) ? '' : '(optional) '}${field.description || resolved(field).description || ''}`]);
}

function shown(path, method, operation) {
  const parameters = operation.parameters.map((one) =>
    [one.name, `${words(one.schema)}, in the ${one.in}`, one.schema.description || '']);
  const body = operation.requestBody && operation.requestBody.content['application/json'].schema;
  const [status, success] = Object.entries(operation.responses).find(([code]) => code !== 'default');
  const answer = success.content['application/json'].schema;
  const item = answer.type === 'array' ? answer.items : answer;
  const title = element('summary', '', element('code', `${method.toUpperCase()} ${path}`), ` ${operation.summary}`);
  return element('details', '', title,
    element('p', `${operation.operationId}; ${operation.security ? 'for signed-in users' : 'for anybody'}`),
    table('Parameters', parameters),
    body ? table('Body', fields(body)) : '',
    table(`Answer ${status}: ${words(answer)}`, fields(item)));
}

async function load() {
  const description = await (await fetch('/openapi.json')).json();
  schemas = description.components.schemas;
  const groups = new Map();
  for (const [path, methods] of Object.entries(description.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const group = operation.tags[0];
      if (!groups.has(group)) groups.set(group, element('section', '', element('h2', group)));
      groups.get(group).append(shown(path, method, operation));
    }
  }
  document.getElementById('functions').replaceChildren(...groups.values());
}

load().catch((error) => document.getElementById('functions').replaceChildren(element('p', error.message)));
