// The few things of a browser that modules look at when they are loaded.
const store = new Map<string, string>();

Object.assign(globalThis, {
  addEventListener: () => undefined,
  location: new URL('http://page/'),
  localStorage: {
    getItem: (key: string) => store.get(key) ?? null,
    setItem: (key: string, text: string) => store.set(key, text),
    removeItem: (key: string) => store.delete(key),
  },
});
if (!('navigator' in globalThis)) Object.assign(globalThis, { navigator: { languages: ['en'] } });
else if (!navigator.languages) Object.defineProperty(navigator, 'languages', { value: ['en'] });
