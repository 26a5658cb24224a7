import { byId, call, copyButton, el, every, when } from './common.js';

// Nothing of a mail is fetched or followed in the view; see the list of links.
const GUARD = `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">`
  + '<meta name="color-scheme" content="light"><style>a{pointer-events:none}</style>';
const query = new URLSearchParams(location.search);
const tabs = ['html', 'text', 'sms'];
let mails = [], messages = [], chosen = query.get('mail'), tab = 'html', drawn = '';
byId('to').value = query.get('to') ?? '';

function showTab(name, focus) {
  tab = name;
  for (const one of tabs) {
    const button = byId(`tab-${one}`);
    button.setAttribute('aria-selected', String(one === name));
    button.tabIndex = one === name ? 0 : -1;
    byId(`panel-${one}`).hidden = one !== name;
    if (focus && one === name) button.focus();
  }
  byId('mail').hidden = name === 'sms';
  byId('links').hidden = name === 'sms' || !byId('hrefs').children.length;
}

function linksOf(mail) {
  const found = new Map();
  const inert = new DOMParser().parseFromString(mail.html ?? '', 'text/html');
  for (const a of inert.querySelectorAll('a[href]')) found.set(a.getAttribute('href'), a.textContent.trim());
  for (const [url] of (mail.text ?? '').matchAll(/https?:\/\/[^\s<>"]+[^\s<>".,;:!?)]/g)) if (!found.has(url)) found.set(url, '');
  return [...found].filter(([url]) => /^https?:\/\//i.test(url));
}

function open(mail) {
  chosen = mail?.id ?? null;
  byId('subject').textContent = mail?.subject || (mail ? '(no subject)' : 'Choose a mail');
  byId('about').textContent = mail ? `From ${mail.from} to ${mail.to.join(', ')}, ${when(mail.at)}` : '';
  byId('html').srcdoc = mail ? GUARD + (mail.html || '<p>This mail has no HTML.</p>') : '';
  byId('text').textContent = mail ? mail.text || 'This mail has no text.' : '';
  byId('hrefs').replaceChildren(...(mail ? linksOf(mail) : []).map(([url, label]) => el('li', {},
    label && label !== url ? `${label}: ` : null, el('a', { className: 'mono', href: url, target: '_blank', rel: 'noopener noreferrer', textContent: url }))));
  showTab(mail && tab === 'sms' ? 'html' : tab);
}

function mark() {
  for (const button of byId('mails').querySelectorAll('button')) {
    if (button.dataset.id === chosen) button.setAttribute('aria-current', 'true'); else button.removeAttribute('aria-current');
  }
}

function row(mail) {
  const button = el('button', { type: 'button' },
    el('span', {}, el('strong', { textContent: mail.subject || '(no subject)' })),
    el('span', { className: 'small', textContent: mail.to.join(', ') }),
    el('span', { className: 'soft small', textContent: when(mail.at) }));
  button.dataset.id = mail.id;
  button.addEventListener('click', () => {
    open(mail);
    mark();
    byId('reader').scrollIntoView({ block: 'nearest' });
  });
  return el('li', {}, button);
}

function smsRow(sms) {
  const code = sms.text.match(/\b\d{6,8}\b/)?.[0];
  return el('li', {}, el('p', {}, el('span', { className: 'soft small', textContent: `To ${sms.to}, ${when(sms.at)}` }), el('br'), sms.text, ' ', code ? copyButton(`code ${code}`, () => code) : null));
}

function draw() {
  const sought = byId('to').value.trim().toLowerCase();
  const number = /^[+\d\s]*$/.test(sought) ? sought.replace(/\s/g, '') : '';
  const shown = mails.filter((mail) => mail.to.some((to) => to.toLowerCase().includes(sought)));
  const texts = messages.filter((sms) => String(sms.to).includes(number));
  const now = JSON.stringify([shown.map(({ id }) => id), texts.map(({ id }) => id)]);
  if (now === drawn) return;
  drawn = now;
  const focused = byId('mails').contains(document.activeElement) ? document.activeElement.dataset.id : null;
  byId('mails').replaceChildren(...(shown.length ? shown.map(row) : [el('li', {}, el('p', { className: 'soft', textContent: 'No mail.' }))]));
  byId('sms').replaceChildren(...(texts.length ? texts.map(smsRow) : [el('li', {}, el('p', { className: 'soft', textContent: 'No SMS.' }))]));
  if (focused) [...byId('mails').querySelectorAll('button')].find(({ dataset }) => dataset.id === focused)?.focus({ preventScroll: true });
  byId('tab-sms').textContent = `SMS (${texts.length})`;
  byId('state').textContent = `${shown.length} mails, ${texts.length} SMS`;
  byId('state').className = 'soft small';
  mark();
}

async function refresh() {
  try {
    [mails, messages] = await Promise.all([call('/_local/mails'), call('/_local/sms')]);
    draw();
    const wanted = mails.find(({ id }) => id === chosen);
    if (wanted && byId('about').textContent === '') { open(wanted); mark(); }
  } catch (error) {
    drawn = '';
    byId('state').textContent = `Not refreshed: ${error.message}`;
    byId('state').className = 'bad small';
  }
}

for (const name of tabs) {
  byId(`tab-${name}`).addEventListener('click', () => showTab(name));
  byId(`tab-${name}`).addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) showTab(tabs[(tabs.indexOf(name) + step + tabs.length) % tabs.length], true);
  });
}
byId('to').addEventListener('input', draw);
showTab(query.get('tab') === 'sms' ? 'sms' : 'html');
every(2000, refresh);
