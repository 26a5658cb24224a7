//! Demo data: holders and customers of every type and status.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sportello_contract::problem::{Code, Language};
use sportello_contract::spec::Table;
use sportello_internal::recording::{Access, record};
use sportello_notify::{EmailAddress, Notice};
use sportello_rules::access::{FailureReason, Outcome};
use sportello_rules::calendar::{add_months, birthday, date_of};
use sportello_rules::credential::Dates;
use sportello_rules::fiscal_code::check_letter;
use sportello_rules::identity::{ActivationStep, IdentityState, IdentityType, SuspensionReason};
use sportello_rules::password::validity::warnings;
use sportello_rules::recovery::same_answer;
use sportello_rules::service::{CredentialKind, Level};
use sportello_rules::token::{Counting, TokenModel};
use sportello_runtime::access_history::Details;
use sportello_runtime::profile::{Document, Profile, Residence};
use sportello_runtime::{Context, Cx};
use sportello_runtime::{due, entropy, lookup, ordering};
use sportello_store::commit::Commit;
use sportello_store::key::OwnerKind::{Customer, Holder};
use sportello_store::key::{AUTH, Owner, OwnerKind, PROFILE, SERVICE};
use sportello_store::lookup::token_pk;
use sportello_store::record::{
    AccountRecord, AuthRecord, Bytes, NEVER, PasswordDue, SealedProfile, ServiceCredential, ServiceRecord, ServiceRef, StoredCode, StoredCredential,
    StoredPassword, StoredTotp, TokenInStock,
};

use crate::stack::StackError;

/// Password of every demo account.
pub const PASSWORD: &str = "Bianco-Cavallo42!";

/// A demo account, with everything that is needed to use it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// Whose.
    pub kind: OwnerKind,
    /// Username.
    pub username: String,
    /// Password.
    pub password: String,
    /// TOTP secret in base32, where L2 by app is active.
    pub totp_secret: Option<String>,
    /// Emergency code.
    pub emergency_code: Option<String>,
    /// Type of the identity; none for a customer.
    pub r#type: Option<IdentityType>,
    /// E-mail address that its notices go to.
    pub email: String,
    /// What it is for.
    pub what: String,
}

/// A holder to be made.
#[derive(Debug, Clone)]
pub struct NewHolder {
    /// Username, and e-mail address too.
    pub username: String,
    /// Given and family name.
    pub name: (&'static str, &'static str),
    /// Fiscal code: everybody has one of their own.
    pub fiscal_code: String,
    /// VAT number, of a Professional or Business identity.
    pub vat_number: Option<String>,
    /// Mobile number.
    pub mobile: Option<String>,
    /// Mobile number of a minor's parent.
    pub parent_mobile: Option<String>,
    /// Answer to the security question.
    pub security_answer: Option<String>,
    /// Type.
    pub kind: IdentityType,
    /// Status and its reasons.
    pub state: IdentityState,
    /// Password.
    pub password: String,
    /// When it was set.
    pub password_changed_at: Timestamp,
    /// Whether L2 by app is active.
    pub totp: bool,
    /// Other active credentials.
    pub credentials: Vec<(CredentialKind, Option<Date>)>,
    /// Credentials that were bought and wait for their activation.
    pub bought: Vec<CredentialKind>,
    /// Last day.
    pub expires_on: Option<Date>,
    /// Birth date.
    pub birth_date: Date,
    /// Last day of the identity document.
    pub document_expires_on: Option<Date>,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
    /// Tries of the password charged already.
    pub tries: u32,
    /// Where the customer area's view is.
    pub service: Option<ServiceRef>,
    /// Language.
    pub language: Language,
    /// Whether it renews by itself.
    pub auto_renewal: bool,
}

/// An active identity since a year ago.
#[must_use]
pub fn active(now: Timestamp) -> IdentityState {
    IdentityState { activated_at: Some(days_before(now, 365)), steps_done: ActivationStep::ALL.into(), ..IdentityState::default() }
}

fn days_before(now: Timestamp, days: i64) -> Timestamp {
    now.saturating_sub(SignedDuration::from_hours(24 * days)).unwrap_or(Timestamp::MIN)
}

impl NewHolder {
    /// An active Personal holder with L2, whose password was set a month ago.
    #[must_use]
    pub fn new(username: &str, now: Timestamp) -> Self {
        Self {
            username: username.to_owned(),
            name: ("Maria", "Rossi"),
            fiscal_code: fiscal_code(username),
            vat_number: None,
            mobile: Some("+393331234567".to_owned()),
            parent_mobile: None,
            security_answer: None,
            kind: IdentityType::Personal,
            state: active(now),
            password: PASSWORD.to_owned(),
            password_changed_at: days_before(now, 30),
            totp: true,
            credentials: Vec::new(),
            bought: Vec::new(),
            expires_on: Some(add_months(date_of(now), 12)),
            birth_date: date(1985, 3, 17),
            document_expires_on: Some(add_months(date_of(now), 20)),
            last_used_at: Some(days_before(now, 3)),
            tries: 0,
            service: None,
            language: Language::It,
            auto_renewal: false,
        }
    }

    /// Makes the holder.
    ///
    /// # Errors
    /// [`StackError`].
    pub async fn create(&self, app: &Context) -> Result<Account, StackError> {
        let failed = |error: &dyn std::fmt::Display| StackError(format!("{}: {error}", self.username));
        let owner = app.keys.owner(Holder, &self.username);
        let (key, wrapped) = app.keys.new_data_key(&owner, &*app.entropy).map_err(|e| failed(&e))?;
        let (salt, password) = password(app, &self.password, self.password_changed_at).await.map_err(|e| failed(&e))?;
        let random = |length: usize| {
            let mut bytes = vec![0; length];
            app.entropy.fill(&mut bytes).map(|()| bytes).map_err(|e| failed(&e))
        };
        let secret = self.totp.then(|| random(20)).transpose()?;
        let totp = match &secret {
            Some(secret) => {
                let dates = Dates::active_since(self.password_changed_at, None);
                Some(StoredTotp {
                    secret: key.seal(&*app.entropy, &owner, "totp", secret).map_err(|e| failed(&e))?,
                    dates,
                    moved_at: None,
                    app: None,
                    device_key: None,
                    sso_qr: false,
                })
            }
            None => None,
        };
        let emergency = base32(&random(10)?);
        let scheme = app.hasher.scheme();
        let digest = app.hasher.digest(&emergency, &salt, &scheme).await.map_err(|e| failed(&e))?;
        let security_answer = match &self.security_answer {
            Some(answer) => {
                let digest = app.hasher.digest(&same_answer(answer), &salt, &scheme).await.map_err(|e| failed(&e))?;
                Some(StoredCode { digest, scheme: scheme.clone() })
            }
            None => None,
        };
        let now = app.clock.now();
        // Who was active long ago was activated before that.
        let mut state = self.state.clone();
        state.activated_at = state.activated_at.map(|at| self.last_used_at.map_or(at, |used| at.min(used)));
        let profile = Profile {
            username: self.username.clone(),
            given_name: self.name.0.to_owned(),
            family_name: self.name.1.to_owned(),
            birth_date: Some(self.birth_date),
            fiscal_code: Some(self.fiscal_code.clone()),
            vat_number: self.vat_number.clone(),
            documents: vec![Document { number: "CA48213XY".to_owned() }],
            email: EmailAddress::parse(&self.username).map_err(|_| StackError(format!("{}: not an address", self.username)))?,
            mobile: self.mobile.clone(),
            parent_mobile: self.parent_mobile.clone(),
            birth_place: Some("Roma".to_owned()),
            residence: Some(Residence {
                address: "Via Roma 1".to_owned(),
                city: "Arezzo".to_owned(),
                province: Some("AR".to_owned()),
                postal_code: "52100".to_owned(),
                country: "IT".to_owned(),
            }),
            company_name: None,
        };
        let sealed = profile.seal(&key, &owner, &*app.entropy).map_err(|e| failed(&e))?;
        let identity_id = base32(&random(10)?).to_lowercase();
        let auth = AuthRecord {
            pk: owner.pk(),
            sk: AUTH.to_owned(),
            version: 1,
            epoch: 1,
            identity_id: identity_id.clone(),
            kind: self.kind,
            state,
            data_key: wrapped.clone(),
            salt,
            password,
            totp,
            emergency_code: Some(StoredCode { digest, scheme: scheme.clone() }),
            security_answer,
            token: None,
            token_last: None,
            token_drift: 0,
            enrolment: None,
            totp_step: None,
            otp_mode: None,
            codes: std::collections::BTreeMap::new(),
            code_day: None,
            credentials: self
                .credentials
                .iter()
                .map(|(kind, expires_on)| stored(*kind, *expires_on, self.password_changed_at))
                .chain(self.bought.iter().map(|kind| StoredCredential::new(*kind, Dates::default())))
                .collect(),
            devices: std::collections::BTreeMap::new(),
            access_notices: BTreeSet::new(),
            spid_code: self.state.activated_at.map(|_| spid_code(&identity_id)),
            issued_on: self.state.activated_at.map(date_of),
            expires_on: self.expires_on,
            document_expires_on: self.document_expires_on,
            of_age_on: (self.kind == IdentityType::Minor).then(|| birthday(self.birth_date, app.policy.identity.adult_years)),
            auto_renewal: self.auto_renewal,
            charged_for: None,
            last_used_at: self.last_used_at.filter(|_| self.state.activated_at.is_some()),
            service: self.service.clone(),
            password_tries: self.tries,
            password_tried_at: (self.tries > 0).then(|| now.as_millisecond()),
            otp_tries: 0,
            otp_tried_at: None,
            recovery_tries: 0,
            recovery_tried_at: None,
            answer_tries: 0,
            answer_tried_at: None,
            ttl: NEVER,
        };
        let warned = PasswordDue { password_version: auth.password.version, warned: BTreeSet::new() };
        let next = warnings(self.password_changed_at, &warned.warned, now, &app.policy.password).first().map(|warning| warning.at);
        let mut commit = Commit::new();
        // Whatever an interrupted start or a stranger's try has left under this name gives way.
        commit.replace(Table::Identities, &auth);
        if self.tries >= app.policy.throttle.tries_before_pause + app.policy.throttle.tries_before_lock {
            let notice = Notice::SignInLocked { at: now };
            let id = format!("{}#{}#password#{}#0", notice.kind(), owner.pk(), now.as_millisecond());
            commit.notice(&id, &owner, notice.to_json().map_err(|e| failed(&e))?, now, Code::ChangedMeanwhile);
        }
        for hash in lookup::of(&app.keys, &profile, self.kind) {
            commit.replace_person(&hash, &owner);
        }
        commit.put_profile(&owner, &SealedProfile { pk: owner.pk(), sk: PROFILE.to_owned(), language: self.language, data_key: wrapped, sealed });
        if self.state.revoked_at.is_none() {
            commit.put_password_due(&owner, &warned, next);
            due::begin(&mut commit, &owner, &auth, profile.birth_date, &app.policy, now);
        }
        app.store.commit(commit).await.map_err(|e| failed(&e))?;
        Ok(Account {
            kind: Holder,
            username: self.username.clone(),
            password: self.password.clone(),
            totp_secret: secret.map(|secret| base32(&secret)),
            emergency_code: Some(emergency),
            r#type: Some(self.kind),
            email: self.username.clone(),
            what: String::new(),
        })
    }
}

/// Takes a physical token into stock, as the maker's file would bring it, and answers its secret.
///
/// # Errors
/// [`StackError`].
pub async fn stock(app: &Context, serial: &str, model: TokenModel) -> Result<Vec<u8>, StackError> {
    let failed = |error: &dyn std::fmt::Display| StackError(format!("{serial}: {error}"));
    let secret = entropy::bytes::<20>(&*app.entropy).map_err(|e| failed(&e))?.to_vec();
    let pk = token_pk(&lookup::token(&app.keys, serial));
    let sealed = app.keys.seal(&*app.entropy, pk.as_bytes(), &secret).map_err(|e| failed(&e))?;
    let mut commit = Commit::new();
    commit.put_token(&TokenInStock { pk, serial: serial.to_owned(), secret: Bytes(sealed), model, identity: None }, Code::ChangedMeanwhile);
    app.store.commit(commit).await.map_err(|e| failed(&e))?;
    Ok(secret)
}

/// A fiscal code for a username: the letters of the name are made up, the rest is of 17 March 1985 in Rome. `maria.rossi@example.it` has Maria Rossi's.
fn fiscal_code(username: &str) -> String {
    let mut number = username.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let mut letters = String::new();
    for _ in 0..6 {
        letters.push(char::from(b'A' + u8::try_from(number % 26).unwrap_or_default()));
        number /= 26;
    }
    let first = if username == "maria.rossi@example.it" { "RSSMRA85C57H501".to_owned() } else { format!("{letters}85C57H501") };
    let letter = check_letter(&first).unwrap_or_default();
    format!("{first}{letter}")
}

/// A SPID code: the provider's four letters and ten letters or digits.
fn spid_code(identity_id: &str) -> String {
    format!("SPRT{}", identity_id.to_uppercase().chars().take(10).collect::<String>())
}

fn stored(kind: CredentialKind, expires_on: Option<Date>, since: Timestamp) -> StoredCredential {
    StoredCredential::new(kind, Dates::active_since(since, expires_on))
}

async fn password(app: &Context, text: &str, changed_at: Timestamp) -> Result<(Bytes, StoredPassword), Box<dyn std::error::Error + Send + Sync>> {
    let salt = Bytes(entropy::bytes::<16>(&*app.entropy)?.to_vec());
    let scheme = app.hasher.scheme();
    let digest = app.hasher.digest(text, &salt, &scheme).await?;
    Ok((salt, StoredPassword { digest, scheme, version: 1, changed_at }))
}

/// Base32 as TOTP apps read it.
#[must_use]
pub fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = String::new();
    for chunk in bytes.chunks(5) {
        let word = chunk.iter().fold(0_u64, |word, byte| (word << 8) | u64::from(*byte)) << (8 * (5 - chunk.len()));
        let digits = (chunk.len() * 8).div_ceil(5);
        for index in 0..digits {
            let digit = usize::try_from((word >> (35 - 5 * index)) & 31).unwrap_or_default();
            text.push(char::from(ALPHABET.get(digit).copied().unwrap_or(b'A')));
        }
    }
    text
}

/// A customer to be made.
#[derive(Debug, Clone)]
pub struct NewCustomer {
    /// Username.
    pub username: String,
    /// E-mail address.
    pub email: String,
    /// Password.
    pub password: String,
}

impl NewCustomer {
    /// Key of the collection.
    #[must_use]
    pub fn owner(&self, app: &Context) -> Owner {
        app.keys.owner(Customer, &self.username)
    }

    /// Makes the customer.
    ///
    /// # Errors
    /// [`StackError`].
    pub async fn create(&self, app: &Context) -> Result<Account, StackError> {
        let failed = |error: &dyn std::fmt::Display| StackError(format!("{}: {error}", self.username));
        let owner = self.owner(app);
        let (key, wrapped) = app.keys.new_data_key(&owner, &*app.entropy).map_err(|e| failed(&e))?;
        let (salt, password) = password(app, &self.password, days_before(app.clock.now(), 30)).await.map_err(|e| failed(&e))?;
        let email = EmailAddress::parse(&self.email).map_err(|_| StackError(format!("{}: not an address", self.email)))?;
        let profile = Profile { username: self.username.clone(), ..Profile::of_customer(email, "Carla".to_owned(), "Neri".to_owned()) };
        let sealed = profile.seal(&key, &owner, &*app.entropy).map_err(|e| failed(&e))?;
        let id = base32(&entropy::bytes::<10>(&*app.entropy).map_err(|e| failed(&e))?).to_lowercase();
        let account = AccountRecord::new(&owner, id, wrapped.clone(), salt, password);
        let mut commit = Commit::new();
        commit.replace(Table::Orders, &account);
        commit.replace_mailbox(&lookup::mailbox(&app.keys, &profile.email), &owner);
        commit.put_profile(&owner, &SealedProfile { pk: owner.pk(), sk: PROFILE.to_owned(), language: Language::It, data_key: wrapped, sealed });
        app.store.commit(commit).await.map_err(|e| failed(&e))?;
        Ok(Account {
            kind: Customer,
            username: self.username.clone(),
            password: self.password.clone(),
            totp_secret: None,
            emergency_code: None,
            r#type: None,
            email: self.email.clone(),
            what: String::new(),
        })
    }
}

/// A service to be made, with the identity that it shows.
#[derive(Debug, Clone)]
pub struct NewService {
    /// Public id.
    pub id: String,
    /// Whose.
    pub customer: Owner,
    /// The identity.
    pub holder: NewHolder,
    /// When the contract was made.
    pub contract_at: Timestamp,
    /// Whether it renews by itself.
    pub auto_renewal: bool,
    /// Credentials bought.
    pub credentials: Vec<(CredentialKind, Option<Date>)>,
}

impl NewService {
    /// Makes the identity and the service.
    ///
    /// # Errors
    /// [`StackError`].
    pub async fn create(mut self, app: &Context) -> Result<Account, StackError> {
        let sk = format!("{SERVICE}{}", self.id);
        self.holder.auto_renewal = self.auto_renewal;
        self.holder.service = Some(ServiceRef { pk: self.customer.pk(), sk: sk.clone() });
        let account = self.holder.create(app).await?;
        let offer = match self.holder.kind {
            IdentityType::Personal => "Sportello ID Personale",
            IdentityType::Minor => "Sportello ID Minore",
            IdentityType::Professional => "Sportello ID Professionale",
            IdentityType::Business => "Sportello ID Aziendale",
        };
        let mut commit = Commit::new();
        let service = ServiceRecord {
            pk: self.customer.pk(),
            sk,
            order_id: format!("order-{}", self.id),
            service_id: self.id,
            version: 0,
            identity: Some(app.keys.owner(Holder, &self.holder.username).pk()),
            kind: self.holder.kind,
            status: self.holder.state.status(),
            offer: offer.to_owned(),
            contract_at: self.contract_at,
            expires_on: self.holder.expires_on,
            anchor_day: self.holder.expires_on.map_or(1, Date::day),
            auto_renewal: self.auto_renewal,
            credentials: self.credentials.iter().map(|(kind, expires_on)| ServiceCredential { kind: *kind, expires_on: *expires_on }).collect(),
            cancelled_at: None,
            renewal_method: None,
            charged: std::collections::BTreeMap::new(),
            anchors: std::collections::BTreeMap::new(),
            withdrawal: None,
        };
        commit.put_service(&service);
        ordering::begin_service(&mut commit, &self.customer, &service, &app.policy, app.clock.now());
        app.store.commit(commit).await.map_err(|e| StackError(e.to_string()))?;
        Ok(account)
    }
}

/// The demo accounts of a data directory, made at its first start.
///
/// # Errors
/// [`StackError`].
pub async fn load_or_create(app: &Arc<Context>, file: Option<&Path>) -> Result<Vec<Account>, StackError> {
    if let Some(kept) = file.and_then(|file| std::fs::read_to_string(file).ok()) {
        return serde_json::from_str(&kept).map_err(|e| StackError(format!("demo.json cannot be read ({e}): delete the data directory")));
    }
    let accounts = create(app).await?;
    if let Some(file) = file {
        let text = serde_json::to_string_pretty(&accounts).unwrap_or_default();
        // Written whole or not at all: a start that was interrupted begins anew.
        let draft = file.with_extension("new");
        std::fs::write(&draft, text).and_then(|()| std::fs::rename(&draft, file)).map_err(|e| StackError(e.to_string()))?;
    }
    Ok(accounts)
}

async fn create(app: &Arc<Context>) -> Result<Vec<Account>, StackError> {
    let now = app.clock.now();
    let today = date_of(now);
    let holder = |username: &str| NewHolder::new(username, now);
    let suspended = |reason| {
        let mut state = active(now);
        state.suspensions.insert(reason, days_before(now, 2));
        state
    };
    let revoked = || IdentityState { revoked_at: Some(days_before(now, 20)), ..active(now) };
    let pending = IdentityState { steps_done: BTreeSet::from([ActivationStep::IdentityDocument, ActivationStep::HealthCard]), ..IdentityState::default() };
    let card = vec![(CredentialKind::SmartCard, Some(add_months(today, 2)))];
    let child = date_of(now).year() - 15;
    let holders = [
        (
            "Password that expires in 6 days, and an access history: sign in, change it",
            NewHolder { password_changed_at: days_before(now, 174), ..holder("maria.rossi@example.it") },
        ),
        ("Level 1 only: signs in with the password alone", NewHolder { name: ("Giulia", "Bianchi"), totp: false, ..holder("giulia.bianchi@example.it") }),
        (
            "Password expired 20 days ago: the expired-password procedure",
            NewHolder { name: ("Paolo", "Verdi"), password_changed_at: days_before(now, 200), ..holder("paolo.verdi@example.it") },
        ),
        (
            "Suspended by the holder two days ago: signs in and may reactivate",
            NewHolder { name: ("Anna", "D'Angelo"), state: suspended(SuspensionReason::Holder), ..holder("anna.dangelo@example.it") },
        ),
        (
            "Locked after ten failures: only the link of the mail lifts it",
            NewHolder { name: ("Luca", "De Luca"), tries: 10, ..holder("luca.deluca@example.it") },
        ),
        (
            "To be activated: signs in and sees which steps miss",
            NewHolder { name: ("Sara", "Conti"), state: pending.clone(), totp: false, expires_on: None, ..holder("sara.conti@example.it") },
        ),
        ("Revoked: may not sign in", NewHolder { name: ("Ugo", "Foscolo"), state: revoked(), ..holder("ugo.foscolo@example.it") }),
        (
            "Level 3 active: after the code a signature is asked for",
            NewHolder { name: ("Elena", "Ferri"), credentials: card.clone(), ..holder("elena.ferri@example.it") },
        ),
        ("English speaker: mails come in English", NewHolder { name: ("Emma", "Clark"), language: Language::En, ..holder("emma.clark@example.it") }),
    ];
    let mut accounts = Vec::new();
    let serial = "SPRT00000001";
    let secret = stock(app, serial, TokenModel { counting: Counting::Press, digits: 6 }).await?;
    let buyer = NewHolder { name: ("Bruno", "Serra"), bought: vec![CredentialKind::OtpToken], ..holder("bruno.serra@example.it") };
    let what = format!("Bought a physical token, {serial}, to be activated: its codes are those of `oathtool --hotp -b {}`", base32(&secret));
    accounts.push(Account { what, ..buyer.create(app).await? });
    for (what, holder) in holders {
        accounts.push(Account { what: what.to_owned(), ..holder.create(app).await? });
    }
    accesses(app, "maria.rossi@example.it", now).await?;
    let customer = NewCustomer { username: "carla.neri@clienti".to_owned(), email: "carla.neri@example.it".to_owned(), password: PASSWORD.to_owned() };
    let other = NewCustomer { username: "dario.galli@clienti".to_owned(), email: "dario.galli@example.it".to_owned(), password: PASSWORD.to_owned() };
    accounts.push(Account { what: "Customer with a service of every type and status".to_owned(), ..customer.create(app).await? });
    accounts.push(Account { what: "Another customer, with one service".to_owned(), ..other.create(app).await? });
    let owner = customer.owner(app);
    let service = |id: &str, kind: IdentityType, state: IdentityState| {
        let expires_on = state.activated_at.map(|_| add_months(today, 12));
        let holder = NewHolder { kind, state, expires_on, ..holder(&format!("{id}@example.it")) };
        NewService { id: id.to_owned(), customer: owner, holder, contract_at: days_before(now, 5), auto_renewal: false, credentials: Vec::new() }
    };
    let minor = service("minore-attivo", IdentityType::Minor, active(now));
    let expiring = service("professionale-in-scadenza", IdentityType::Professional, active(now));
    let business = service("aziendale-attivo", IdentityType::Business, active(now));
    let late = service("aziendale-oltre-14-giorni", IdentityType::Business, pending.clone());
    let services = [
        ("Personal to activate: can be cancelled at once", service("personale-da-attivare", IdentityType::Personal, pending.clone())),
        ("Minor to activate: can be cancelled at once", service("minore-da-attivare", IdentityType::Minor, pending.clone())),
        (
            "Professional to activate, contract 5 days old: withdrawal form within 14 days",
            service("professionale-da-attivare", IdentityType::Professional, pending.clone()),
        ),
        ("Business to activate, contract 40 days old: withdrawal form beyond 14 days", NewService { contract_at: days_before(now, 40), ..late }),
        ("Personal, active", service("personale-attivo", IdentityType::Personal, active(now))),
        (
            "A minor's identity, active",
            NewService { holder: NewHolder { name: ("Tea", "Neri"), birth_date: date(child, 6, 12), ..minor.holder.clone() }, ..minor },
        ),
        (
            "Professional, active, expires within three months: flagged, can be renewed",
            NewService { holder: NewHolder { expires_on: Some(add_months(today, 2)), ..expiring.holder.clone() }, ..expiring },
        ),
        ("Business, active, renews by itself, with a smart card", NewService { auto_renewal: true, credentials: card, ..business }),
        ("Personal, suspended", service("personale-sospeso", IdentityType::Personal, suspended(SuspensionReason::Fraud))),
        ("Personal, revoked: can be cancelled now", service("personale-revocato", IdentityType::Personal, revoked())),
    ];
    for (what, service) in services {
        accounts.push(Account { what: what.to_owned(), ..service.create(app).await? });
    }
    let foreign = service("altro-personale", IdentityType::Personal, pending);
    let foreign = NewService { customer: other.owner(app), ..foreign };
    accounts.push(Account { what: "The other customer's Personal identity, to activate".to_owned(), ..foreign.create(app).await? });
    Ok(accounts)
}

/// Gives a holder an access history, as the sign-in system would record it.
async fn accesses(app: &Arc<Context>, username: &str, now: Timestamp) -> Result<(), StackError> {
    let services =
        [("https://servizi.inps.example", "INPS"), ("https://fascicolo.regione.example", "Fascicolo sanitario"), ("https://anagrafe.example", "Anagrafe")];
    let each =
        [(40, 0, None), (26, 1, None), (12, 2, Some(FailureReason::TimedOut)), (12, 2, None), (5, 0, Some(FailureReason::WrongCredentials)), (1, 1, None)];
    let accesses = each.iter().enumerate().filter_map(|(index, (days, service, reason))| {
        let (entity_id, name) = services.get(*service)?;
        let details =
            Details { entity_id: (*entity_id).to_owned(), name: (*name).to_owned(), level: Level::L2, credential: CredentialKind::OtpApp, reason: *reason };
        let at = days_before(now, *days).saturating_add(SignedDuration::from_mins(i64::try_from(index).unwrap_or_default())).unwrap_or(now);
        let at = Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at);
        let outcome = if reason.is_some() { Outcome::Failure } else { Outcome::Success };
        Some(Access { request_id: format!("_demo-{index}-{}", now.as_millisecond()), at, outcome, details })
    });
    let cx = Cx {
        app: Arc::clone(app),
        store: app.store.clone(),
        now,
        request_id: "demo".to_owned(),
        id: "demo",
        address: String::new(),
        device: String::new(),
        signer: None,
        webhook: None,
        client_certificate: None,
        language: Language::It,
    };
    let owner = app.keys.owner(Holder, username);
    let recorded = record(&cx, &owner, &accesses.collect::<Vec<_>>()).await;
    recorded.map(drop).map_err(|error| StackError(format!("{username}: accesses: {error:?}")))
}

#[cfg(test)]
mod tests {
    use super::base32;

    #[test]
    fn base32_is_that_of_rfc_4648() {
        for (plain, text) in [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("fooba", "MZXW6YTB"), ("foobar", "MZXW6YTBOI")] {
            assert_eq!(base32(plain.as_bytes()), text);
        }
    }
}
