// The SDK does not say when it will try again. This asks it, so that people can be told.
import type { Centrifuge } from 'centrifuge';

interface Inner {
  _getReconnectDelay?: () => number;
}

/** Calls `told` with the pause in milliseconds before each attempt to connect. */
export function onReconnectDelay(client: Centrifuge, told: (delayMs: number) => void): void {
  const inner = client as unknown as Inner;
  const ask = inner._getReconnectDelay;
  // Another version of the SDK may do it otherwise: then the page says nothing of the time.
  if (typeof ask !== 'function') return;
  inner._getReconnectDelay = () => {
    const delayMs = ask.call(client);
    told(delayMs);
    return delayMs;
  };
}
