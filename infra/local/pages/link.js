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
  'open-account': {
    title: say("Apri l'account", 'Open the account'),
    what: say("Scegli la password: l'indirizzo diventa il nome utente.", 'Choose the password: the address becomes the username.'),
    confirm: say("Apri l'account", 'Open the account'),
    done: say("L'account è aperto: ora è possibile accedere.", 'The account is open: you can sign in now.'),
    fields: ['givenName', 'familyName', 'new', 'confirmation'],
  },
  'set-password': {
    title: say('Scegli una nuova password', 'Choose a new password'),
    what: say('Confermando, la password viene sostituita e tutte le sessioni vengono chiuse.', 'Confirming replaces the password and ends every session.'),
    confirm: say('Imposta la password', 'Set the password'),
    done: say('La password è cambiata: ora è possibile accedere.', 'The password is changed: you can sign in now.'),
    fields: ['new', 'confirmation'],
  },
  'change-email': {
    title: say('Conferma il nuovo indirizzo', 'Confirm the new address'),
    what: say("Confermando, le comunicazioni dell'account arriveranno a questo indirizzo.", "Confirming sends the account's mails to this address."),
    confirm: say("Conferma l'indirizzo", 'Confirm the address'),
    done: say("L'indirizzo è cambiato.", 'The address is changed.'),
  },
};

const labels = {
  givenName: say('Nome', 'Given name'),
  familyName: say('Cognome', 'Family name'),
  new: say('Password', 'Password'),
  confirmation: say('Ripeti la password', 'Repeat the password'),
  code: say("Codice dell'app, o di recupero", 'Code of the app, or a recovery code'),
};

function ask(names) {
  for (const name of names) {
    const secret = ['new', 'confirmation'].includes(name);
    const label = document.createElement('label');
    const input = Object.assign(document.createElement('input'), { name, required: true, type: secret ? 'password' : 'text', autocomplete: secret ? 'new-password' : 'off' });
    label.append(labels[name], input);
    byId('fields').append(label);
  }
}

function answers() {
  return Object.fromEntries([...document.querySelectorAll('#fields input')].map(({ name, value }) => [name, value]));
}

function api() {
  const parts = location.pathname.match(/^\/_local\/(selfcare\/blocks|selfcare\/unlocks|customer-area\/unlocks|customer-area\/confirmations|customer-area\/recoveries|customer-area\/emails)\/([^/]+)$/);
  if (!parts) throw new Error(say('Questo indirizzo non è completo.', 'This address is not complete.'));
  const account = /confirmations|recoveries|emails/.test(parts[1]);
  return `/v1/${parts[1].replace('customer-area', account ? 'customer/account' : 'customer')}/${parts[2]}`;
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
  const { action, expiresAt, codeNeeded, email } = await call(path);
  const texts = actions[action];
  if (!texts) throw new Error(say(`Azione sconosciuta: ${action}`, `Unknown action: ${action}`));
  show(texts.title, email ? `${texts.what} (${email})` : texts.what);
  ask([...(texts.fields ?? []), ...(codeNeeded ? ['code'] : [])]);
  byId('until').textContent = say('Il collegamento vale fino al ', 'The link is valid until ') + when(expiresAt, 'Europe/Rome', locale) + ' (Europe/Rome).';
  const button = byId('confirm');
  button.textContent = texts.confirm;
  button.hidden = false;
  button.addEventListener('click', async () => {
    button.disabled = true;
    try {
      const result = await call(path, answers());
      show(say('Fatto', 'Done'), texts.done, 'good');
      byId('until').textContent = result?.endsAt
        ? say('La sospensione termina, se ne ricorrono i requisiti, il ', 'If the requirements are met then, the suspension ends on ') + when(result.endsAt, 'Europe/Rome', locale) + ' (Europe/Rome).' : '';
    } catch (error) {
      byId('until').textContent = '';
      // What was typed can be mended.
      if (document.querySelector('#fields input') && error.status !== 410) {
        byId('what').textContent = error.message;
        byId('what').className = 'bad';
        button.disabled = false;
        return;
      }
      refused(error);
    }
    byId('fields').replaceChildren();
    button.hidden = true;
  });
}

start().catch(refused);
