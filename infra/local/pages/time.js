import { byId, call, el, every, when } from './common.js';

let known = null, drawn = '', busy = false; // ids of what had been sent before the last move

function showNow(now) {
  byId('utc').textContent = when(now, 'UTC');
  byId('rome').textContent = when(now, 'Europe/Rome');
}

function say(text, kind) {
  byId('state').textContent = text;
  byId('state').className = kind;
}

async function sent() {
  const [mails, messages] = await Promise.all([call('/_local/mails'), call('/_local/sms')]);
  return [
    ...mails.map((mail) => ({ key: `mail ${mail.id}`, at: mail.at, to: mail.to.join(', '), title: mail.subject, href: `/_local/inbox?mail=${encodeURIComponent(mail.id)}` })),
    ...messages.map((sms) => ({ key: `sms ${sms.id}`, at: sms.at, to: sms.to, title: `SMS: ${sms.text}`, href: '/_local/inbox?tab=sms' })),
  ].sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
}

async function showSent() {
  const all = await sent();
  known ??= new Set(all.map(({ key }) => key));
  const fresh = all.filter(({ key }) => !known.has(key));
  const now = JSON.stringify(fresh);
  if (now === drawn) return;
  drawn = now;
  byId('since').replaceChildren(...(fresh.length ? fresh.map((one) => el('li', {}, el('p', {},
    el('a', { href: one.href, textContent: one.title || '(no subject)' }), el('br'), el('span', { className: 'soft small', textContent: `To ${one.to}, ${when(one.at)}` }))))
    : [el('li', {}, el('p', { className: 'soft', textContent: 'Nothing yet.' }))]));
}

function showRan(jobs) {
  byId('ran').replaceChildren(...(jobs.length ? jobs.map((job) => el('tr', {}, el('td', {}, el('code', { textContent: job.id })),
    el('td', { textContent: when(job.at) }), el('td', { textContent: job.done }), el('td', { textContent: job.skipped })))
    : [el('tr', {}, el('td', { className: 'soft', colSpan: 4, textContent: 'No job fell due.' }))]));
}

async function act(doing, task) {
  if (busy) return;
  busy = true;
  const focused = document.activeElement;
  const buttons = [...document.querySelectorAll('button')];
  for (const button of buttons) button.disabled = true;
  say(doing, 'soft');
  try {
    known = new Set((await sent()).map(({ key }) => key));
    say(await task(), 'good');
    await showSent();
  } catch (error) {
    say(error.message, 'bad');
  } finally {
    for (const button of buttons) button.disabled = false;
    focused?.focus();
    busy = false;
  }
}

const move = (body) => act('Moving the clock…', async () => {
  const { now, jobs = [] } = await call('/_local/clock', body);
  showNow(now);
  showRan(jobs);
  return `It is now ${when(now)} in Rome; jobs that ran: ${jobs.length}.`;
});

const run = (id) => act(`Running ${id}…`, async () => {
  const { done, skipped } = await call(`/_local/jobs/${encodeURIComponent(id)}`, {});
  const { now } = await call('/_local/clock');
  showRan([{ id, at: now, done, skipped }]);
  return `${id} ran: ${done} done, ${skipped} skipped.`;
});

for (const button of document.querySelectorAll('[data-advance]')) button.addEventListener('click', () => move({ advance: button.dataset.advance }));
byId('set').addEventListener('submit', (event) => {
  event.preventDefault();
  move({ now: new Date(`${byId('instant').value}Z`).toISOString() });
});

call('/_local/operations').then(({ jobs }) => byId('jobs').replaceChildren(...jobs.map((job) => {
  const button = el('button', { type: 'button', textContent: 'Run', 'aria-label': `Run ${job.id}` });
  button.addEventListener('click', () => run(job.id));
  return el('tr', {}, el('td', {}, job.summary, el('br'), el('code', { className: 'soft small', textContent: job.id })), el('td', { textContent: job.trigger }), el('td', {}, button));
}))).catch((error) => byId('jobs').replaceChildren(el('tr', {}, el('td', { className: 'bad', colSpan: 3, textContent: error.message }))));

let lost = false;
every(1000, async () => {
  if (busy) return;
  try {
    const { now } = await call('/_local/clock');
    if (busy) return;
    showNow(now);
    if (!byId('instant').value) byId('instant').value = new Date(now).toISOString().slice(0, 19);
    await showSent();
    if (lost) say('', '');
    lost = false;
  } catch (error) {
    lost = true;
    say(`The stack does not answer: ${error.message}`, 'bad');
  }
});
