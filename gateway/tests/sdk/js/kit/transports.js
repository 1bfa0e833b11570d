/** The SDK in each of the ways it can reach a node, with reconnection pauses that suit a test. */
import { Centrifuge as JsonCentrifuge } from 'centrifuge';
import { Centrifuge as ProtobufCentrifuge } from 'centrifuge/build/protobuf';
import { EventSource } from 'eventsource';
import WebSocket from 'ws';

const PAUSES = { minReconnectDelay: 20, maxReconnectDelay: 300 };

const webSocket = (address) => `${address.replace('http', 'ws')}/connection/websocket`;

function emulated(transport, address) {
  return {
    endpoint: [{ transport, endpoint: `${address}/connection/${transport}` }],
    options: { emulationEndpoint: `${address}/emulation`, fetch: patientFetch, eventsource: EventSource },
  };
}

/**
 * The SDK does not look at the outcome of the requests that carry its commands: one that fails because the node is gone
 * would end this process as an unhandled rejection, which in a browser is a line on the console.
 */
function patientFetch(url, options) {
  const answer = fetch(url, options);
  return String(url).endsWith('/emulation') ? answer.catch(() => Response.error()) : answer;
}

const json = { text: (data) => data, data: (value) => value };
const protobuf = {
  text: (data) => JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data)),
  data: (value) => new TextEncoder().encode(JSON.stringify(value)),
};

/**
 * name; `make(address, options)` → client; `read(data)` → the JSON value of a publication's data; `write(value)` → the
 * data to publish; `ordered`: commands sent without waiting reach the node in order (emulation sends each in a request of
 * its own).
 */
export const TRANSPORTS = [
  {
    name: 'WebSocket, JSON',
    ordered: true,
    make: (address, options) => new JsonCentrifuge(webSocket(address), { websocket: WebSocket, ...PAUSES, ...options }),
    read: json.text,
    write: json.data,
  },
  {
    name: 'WebSocket, Protobuf',
    ordered: true,
    make: (address, options) => new ProtobufCentrifuge(webSocket(address), { websocket: WebSocket, ...PAUSES, ...options }),
    read: protobuf.text,
    write: protobuf.data,
  },
  {
    name: 'HTTP stream, JSON',
    ordered: false,
    make: (address, options) => {
      const { endpoint, options: own } = emulated('http_stream', address);
      return new JsonCentrifuge(endpoint, { ...own, ...PAUSES, ...options });
    },
    read: json.text,
    write: json.data,
  },
  {
    name: 'HTTP stream, Protobuf',
    ordered: false,
    make: (address, options) => {
      const { endpoint, options: own } = emulated('http_stream', address);
      return new ProtobufCentrifuge(endpoint, { ...own, ...PAUSES, ...options });
    },
    read: protobuf.text,
    write: protobuf.data,
  },
  {
    name: 'SSE, JSON',
    ordered: false,
    make: (address, options) => {
      const { endpoint, options: own } = emulated('sse', address);
      return new JsonCentrifuge(endpoint, { ...own, ...PAUSES, ...options });
    },
    read: json.text,
    write: json.data,
  },
];

export const [WEBSOCKET_JSON, WEBSOCKET_PROTOBUF, HTTP_STREAM_JSON, HTTP_STREAM_PROTOBUF, SSE_JSON] = TRANSPORTS;
