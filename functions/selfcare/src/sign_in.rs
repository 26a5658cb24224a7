//! What the operations of signing in share: the last step, which opens a session, and the devices that are remembered.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use sportello_contract::hex::hex;
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_notify::{Channel, CodePurpose, Notice};
use sportello_rules::password::validity::{Validity, validity};
use sportello_rules::service::Level;
use sportello_runtime::codes::Sending;
use sportello_runtime::token::{Purpose, Token};
use sportello_runtime::{Cx, Failure, codes, entropy, session};
use sportello_store::commit::{AuthUpdate, Commit};
use sportello_store::key::Owner;
use sportello_store::record::{AuthRecord, SecondFactor};

use crate::level_three::sign_in_challenge;

/// Bytes of a device's token.
const DEVICE: usize = 16;

/// What comes next in a sign-in.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "next", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Next {
    /// The holder is signed in.
    Done {
        /// The open session.
        session: SessionOutput,
    },
    /// A code of the active L2 credential is needed.
    Otp {
        /// Names this sign-in in the next request.
        sign_in_id: Secret,
        /// Until when the next request must come.
        #[schemars(with = "String", extend("format" = "date-time"))]
        expires_at: Timestamp,
        /// Where the code comes from: the app shows it, or it was sent by SMS to the mobile on file.
        by: By,
    },
    /// A signature or a smart card is needed: L3 is active.
    Signature {
        /// Names this sign-in in the next request.
        sign_in_id: Secret,
        /// What has to be signed, as it stands.
        challenge: String,
        /// Until when the next request must come.
        #[schemars(with = "String", extend("format" = "date-time"))]
        expires_at: Timestamp,
    },
    /// The password has expired: a new one must be set by the expired-password procedure (rule 15).
    ExpiredPassword,
}

/// Where the code of level 2 comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// The enrolled app shows it.
    App,
    /// It was sent to the mobile on file.
    Sms,
    /// A physical token shows it.
    Token,
}

/// What the step before a code of level 2 is sealed for, by what gives the code: a sign-in that begins with one factor does not end with another.
pub const OTP_STEPS: [(Purpose, SecondFactor); 3] =
    [(Purpose::SignIn, SecondFactor::AppCode), (Purpose::SignInSms, SecondFactor::SmsCode), (Purpose::SignInToken, SecondFactor::TokenCode)];

/// Id under which the code of a sign-in is kept.
pub const SIGN_IN_CODE: &str = "selfcare.sign-in.otp";

/// Sends the code of a sign-in that a token names, in the commit that its step makes.
pub fn send_code(cx: &Cx, owner: &Owner, auth: &AuthRecord, nonce: &str, update: AuthUpdate, commit: &mut Commit) -> Result<AuthUpdate, Failure> {
    let sending = Sending { operation: SIGN_IN_CODE, value: nonce, purpose: CodePurpose::SignIn, channel: Channel::Sms };
    codes::send(cx, owner, auth, &sending, update, commit)
}

/// A session that was just opened.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionOutput {
    /// Bearer token; it is shown this once.
    pub token: Secret,
    /// Public id of the session.
    pub session_id: String,
    /// Level that was proved.
    #[schemars(with = "String", extend("enum" = ["l1", "l2", "l3"]))]
    pub level: Level,
    /// When the session is over.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub expires_at: Timestamp,
    /// Names this device at the next sign-in; given when the device was new (rule 23).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_token: Option<Secret>,
}

/// Whether the ordinary way in is closed because the password has expired.
pub fn is_expired(cx: &Cx, auth: &AuthRecord) -> bool {
    matches!(validity(auth.password.changed_at, cx.now, &cx.policy().password), Validity::Expired { .. })
}

/// Opens a session of `level`: completes `update` of the AUTH item, remembers the device and tells of a new one.
pub fn open_session(
    cx: &Cx,
    owner: &Owner,
    auth: &AuthRecord,
    level: Level,
    device: Option<&Secret>,
    update: AuthUpdate,
) -> Result<(Commit, SessionOutput), Failure> {
    let mut commit = Commit::new();
    let fresh = Secret::new(URL_SAFE_NO_PAD.encode(entropy::bytes::<DEVICE>(cx.entropy())?));
    let seen = Seen { known: device, fresh: &fresh, what: &cx.device };
    let (update, is_new) = remember(cx, owner, auth, &seen, update, &mut commit)?;
    let opening = session::open(cx, owner, auth.epoch, Some(level))?;
    commit.update_auth(update, Code::SignInRefused);
    commit.open_session(owner, &opening.record);
    let output = SessionOutput {
        token: Secret::new(opening.token),
        session_id: opening.record.id().to_owned(),
        level,
        expires_at: opening.record.expires_at,
        device_token: is_new.then_some(fresh),
    };
    Ok((commit, output))
}

/// The device of a sign-in.
pub struct Seen<'a> {
    /// The token that an earlier sign-in gave it.
    pub known: Option<&'a Secret>,
    /// The token that it gets where it is new.
    pub fresh: &'a Secret,
    /// What it is, in a word.
    pub what: &'a str,
}

/// Remembers the device of a sign-in and tells of a new one; answers whether it is new.
pub fn remember(cx: &Cx, owner: &Owner, auth: &AuthRecord, seen: &Seen<'_>, update: AuthUpdate, commit: &mut Commit) -> Result<(AuthUpdate, bool), Failure> {
    let mut update = update.same_epoch(auth.epoch).same_password(auth.password.version);
    let known = seen.known.map(|token| hash(cx, owner, token)).filter(|hash| is_known(cx, auth, hash));
    if let Some(hash) = known {
        return Ok((update.seen(&hash, seen.what, cx.now), false));
    }
    let hash = hash(cx, owner, seen.fresh);
    if let Some(oldest) = crowded_out(cx, auth) {
        update = update.forget(&oldest);
    }
    let notice = Notice::NewDevice { at: cx.now, device: seen.what.to_owned() };
    commit.notice(&format!("new-device#{}#{hash}", owner.pk()), owner, notice.to_json()?, cx.now, Code::ChangedMeanwhile);
    Ok((update.seen(&hash, seen.what, cx.now), true))
}

fn hash(cx: &Cx, owner: &Owner, token: &Secret) -> String {
    let hash = cx.keys().keyed_hash(&[b"device", owner.pk().as_bytes(), token.expose().as_bytes()]);
    hex(hash.into_iter().take(DEVICE))
}

fn is_known(cx: &Cx, auth: &AuthRecord, hash: &str) -> bool {
    let oldest = cx.now.saturating_sub(SignedDuration::from_hours(24 * i64::from(cx.policy().session.device_days))).unwrap_or(Timestamp::MIN);
    auth.devices.get(hash).is_some_and(|device| device.seen > oldest.as_millisecond())
}

fn crowded_out(cx: &Cx, auth: &AuthRecord) -> Option<String> {
    let most = usize::try_from(cx.policy().session.max_devices).unwrap_or(usize::MAX);
    let oldest = auth.devices.iter().min_by_key(|(_, device)| device.seen);
    oldest.filter(|_| auth.devices.len() >= most).map(|(hash, _)| hash.clone())
}

/// The step of level 3, with what has to be signed.
pub fn last(cx: &Cx, owner: Owner, auth: &AuthRecord) -> Result<Next, Failure> {
    let token = Token::new(owner, auth.password.version, cx.now, cx.entropy())?;
    let (sign_in_id, expires_at) = sealed(cx, &token, Purpose::SignInLast)?;
    Ok(Next::Signature { sign_in_id, challenge: sign_in_challenge(&token.nonce()), expires_at })
}

/// A token between two steps of a sign-in, and until when it is good.
pub fn step(cx: &Cx, owner: Owner, auth: &AuthRecord, purpose: Purpose) -> Result<(Secret, Timestamp), Failure> {
    let token = Token::new(owner, auth.password.version, cx.now, cx.entropy())?;
    sealed(cx, &token, purpose)
}

/// A token as text, and until when it is good.
pub fn sealed(cx: &Cx, token: &Token, purpose: Purpose) -> Result<(Secret, Timestamp), Failure> {
    let expires_at = token.over_at(cx.policy().session.sign_in_minutes);
    Ok((Secret::new(token.seal(purpose, cx.keys(), cx.entropy())?), expires_at))
}
