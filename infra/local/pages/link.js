import { byId, call, when } from './common.js';

const italian = navigator.language.toLowerCase().startsWith('it');
const locale = italian ? 'it-IT' : 'en-GB';
const say = (it, en) => (italian ? it : en);
document.documentElement.lang = italian ? 'it' : 'en';
byId('note').textContent = say(
  'Pagina dello stack locale: sta al posto di quella del sito. Aprirla non cambia nulla; solo la conferma agisce.',
  "A page of the local stack, in place of the site's. Opening it changes nothing; only the confirmation acts.");

const actions = {
  'suspend-identity': {
    title: say('Non sei stato tu?', "Wasn't it you?"),
    what: say("Confermando, l'identità digitale viene sospesa e tutte le sessioni vengono chiuse.", 'Confirming suspends the digital identity and ends every session.'),
    confirm: say("Sospendi l'identità", 'Suspend the identity'),
    done: say("L'identità è sospesa e tutte le sessioni sono chiuse.", 'The identity is suspended and every session has ended.'),
  },
  'unlock-sign-in': {
    title: say("Sblocca l'accesso", 'Unlock signing in'),
    what: say("Confermando, sarà di nuovo possibile accedere all'account.", 'Confirming makes signing in to the account possible again.'),
    confirm: say("Sblocca l'accesso", 'Unlock signing in'),
    done: say('Ora è di nuovo possibile accedere.', 'Signing in is possible again.'),
  },
};

function api() {
  const parts = location.pathname.match(/^\/_local\/(selfcare\/blocks|selfcare\/unlocks|customer-area\/unlocks)\/([^/]+)$/);
  if (!parts) throw new Error(say('Questo indirizzo non è completo.', 'This address is not complete.'));
  return `/v1/${parts[1].replace('customer-area', 'customer')}/${parts[2]}`;
}

function show(title, what, kind = '') {
  byId('title').textContent = title;
  byId('what').textContent = what;
  byId('what').className = kind;
  document.title = `${title} – Sportello`;
}

const refused = (error) => show(say('Non è stato possibile', 'This was not possible'), error.message, 'bad');

async function start() {
  const path = api();
  const { action, expiresAt } = await call(path);
  const texts = actions[action];
  if (!texts) throw new Error(say(`Azione sconosciuta: ${action}`, `Unknown action: ${action}`));
  show(texts.title, texts.what);
  byId('until').textContent = say('Il collegamento vale fino al ', 'The link is valid until ') + when(expiresAt, 'Europe/Rome', locale) + ' (Europe/Rome).';
  const button = byId('confirm');
  button.textContent = texts.confirm;
  button.hidden = false;
  button.addEventListener('click', async () => {
    button.disabled = true;
    try {
      const result = await call(path, {});
      show(say('Fatto', 'Done'), texts.done, 'good');
      byId('until').textContent = result?.endsAt
        ? say('La sospensione termina, se ne ricorrono i requisiti, il ', 'If the requirements are met then, the suspension ends on ') + when(result.endsAt, 'Europe/Rome', locale) + ' (Europe/Rome).' : '';
    } catch (error) {
      byId('until').textContent = '';
      refused(error);
    }
    button.hidden = true;
  });
}

start().catch(refused);
