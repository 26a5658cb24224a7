import { byId, call, copyButton, el, every, totp, when } from './common.js';

const codes = []; // { secret, show }

function value(what, text) {
  if (!text) return el('td', { className: 'soft', textContent: '–' });
  return el('td', {}, el('span', { className: 'value' }, el('code', { textContent: text }), copyButton(what, () => text)));
}

function code(account) {
  if (!account.totpSecret) return el('td', { className: 'soft', textContent: '–' });
  const show = el('code', { textContent: '······' });
  codes.push({ secret: account.totpSecret, show });
  return el('td', {},
    el('span', { className: 'value' }, show, copyButton(`one-time code of ${account.username}`, () => show.textContent)),
    el('span', { className: 'value soft small' }, 'Secret', copyButton(`TOTP secret of ${account.username}`, () => account.totpSecret)));
}

async function accounts() {
  const rows = (await call('/_local/demo')).accounts.map((account) => el('tr', {},
    el('th', { scope: 'row' }, account.what, el('br'), el('span', { className: 'soft small', textContent: [account.kind, account.type].filter(Boolean).join(', ') })),
    value(`username ${account.username}`, account.username),
    value(`password of ${account.username}`, account.password),
    code(account),
    value(`emergency code of ${account.username}`, account.emergencyCode)));
  byId('accounts').replaceChildren(...rows);
  every(1000, tick);
}

let step = null;
async function tick() {
  try {
    const ms = Date.parse((await call('/_local/clock')).now);
    byId('now').textContent = `${when(ms)} (Europe/Rome)`;
    if (!globalThis.crypto?.subtle) {
      byId('left').textContent = 'the browser computes them on localhost or HTTPS only.';
      return;
    }
    byId('left').textContent = `the next comes in ${30 - (Math.floor(ms / 1000) % 30)} s.`;
    if (step === Math.floor(ms / 30000)) return;
    for (const { secret, show } of codes) show.textContent = await totp(secret, ms);
    step = Math.floor(ms / 30000);
  } catch (error) {
    byId('left').textContent = `no clock (${error.message}).`;
  }
}

async function operations() {
  const all = (await call('/_local/operations')).operations;
  const rows = all.map((one) => ({
    text: `${one.id} ${one.method} ${one.path} ${one.summary} ${one.level}`.toLowerCase(),
    row: el('tr', {}, el('td', {}, el('code', { textContent: `${one.method} ${one.path}` })),
      el('td', {}, one.summary, el('br'), el('code', { className: 'soft small', textContent: one.id })), el('td', { textContent: one.level })),
  }));
  const show = () => {
    const sought = byId('find').value.trim().toLowerCase();
    const found = rows.filter(({ text }) => text.includes(sought));
    byId('operations').replaceChildren(...found.map(({ row }) => row));
    byId('count').textContent = `${found.length} of ${rows.length}`;
  };
  byId('find').addEventListener('input', show);
  show();
}

const failed = (id, columns) => (error) => byId(id).replaceChildren(el('tr', {}, el('td', { className: 'bad', colSpan: columns, textContent: error.message })));
accounts().catch(failed('accounts', 5));
operations().catch(failed('operations', 3));
