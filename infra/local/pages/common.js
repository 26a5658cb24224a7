// What the pages of the local stack share: calls, dates, elements, one-time codes.

/** Calls the API; throws an Error whose message is the problem's title. */
export async function call(path, body) {
  const options = { headers: { accept: 'application/json, application/problem+json' }, cache: 'no-store' };
  if (body !== undefined) {
    options.method = 'POST';
    options.headers['content-type'] = 'application/json';
    options.body = JSON.stringify(body);
  }
  const answer = await fetch(path, options);
  const text = await answer.text();
  let json = null;
  try { json = text ? JSON.parse(text) : null; } catch { /* not JSON: the status says enough */ }
  if (!answer.ok) {
    const reasons = (json?.violations ?? []).map(({ message }) => message).join(' ');
    throw Object.assign(new Error(`${json?.title ?? `${answer.status} ${answer.statusText}`.trim()} ${reasons}`.trim()), { status: answer.status });
  }
  return json;
}

/** An element with properties (`className`, `textContent`...), attributes (keys with a dash, `role`) and children. */
export function el(name, props = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(props)) {
    if (key in node) node[key] = value; else node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export const byId = (id) => document.getElementById(id);

/** An instant as people in `zone` write it. */
export function when(instant, zone = 'Europe/Rome', locale = 'en-GB') {
  const date = new Date(instant);
  if (Number.isNaN(date.getTime())) return String(instant);
  return new Intl.DateTimeFormat(locale, { timeZone: zone, dateStyle: 'medium', timeStyle: 'medium' }).format(date);
}

/** Runs `task` now and then `ms` after each end, while the page is in view. */
export function every(ms, task) {
  const round = async () => {
    if (!document.hidden) await task();
    setTimeout(round, ms);
  };
  round();
}

async function toClipboard(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = el('textarea', { value: text, className: 'visually-hidden' });
  document.body.append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  if (!done) throw new Error('not copied');
}

/** A button that copies what `read` answers. */
export function copyButton(what, read) {
  const button = el('button', { type: 'button', className: 'tiny', textContent: 'Copy', 'aria-label': `Copy ${what}` });
  button.addEventListener('click', async () => {
    const focused = document.activeElement;
    try { await toClipboard(read()); button.textContent = 'Copied'; } catch { button.textContent = 'Failed'; }
    focused?.focus();
    button.setAttribute('aria-label', `${button.textContent}: ${what}`);
    setTimeout(() => { button.textContent = 'Copy'; button.setAttribute('aria-label', `Copy ${what}`); }, 1500);
  });
  return button;
}

function fromBase32(text) {
  const bytes = [];
  let bits = 0, value = 0;
  for (const sign of text.toUpperCase().replace(/[\s=-]/g, '')) {
    const five = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(sign);
    if (five < 0) throw new Error('not base32');
    value = ((value << 5) | five) & 0xfff;
    bits += 5;
    if (bits >= 8) { bits -= 8; bytes.push((value >> bits) & 0xff); }
  }
  return new Uint8Array(bytes);
}

/** The code of six digits that an app shows at `ms` (RFC 6238: HMAC-SHA-1, steps of 30 s). */
export async function totp(secret, ms) {
  const key = await crypto.subtle.importKey('raw', fromBase32(secret), { name: 'HMAC', hash: 'SHA-1' }, false, ['sign']);
  const step = new DataView(new ArrayBuffer(8));
  step.setBigUint64(0, BigInt(Math.floor(ms / 30000)));
  const mac = new DataView(await crypto.subtle.sign('HMAC', key, step.buffer));
  const number = mac.getUint32(mac.getUint8(19) & 15) & 0x7fffffff;
  return String(number % 1000000).padStart(6, '0');
}
