//! Proof of who the customer is: the password, and a code where the account has an app (rules 21, 22, 59). Charged before it is looked at, on every route alike.

use sportello_contract::hex::hex;
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_notify::{AccountOtpChange, Notice};
use sportello_rules::otp::totp_step;
use sportello_rules::recovery::same_emergency_code;
use sportello_runtime::clock::DAY;
use sportello_runtime::profile::open_account_totp;
use sportello_runtime::{Cx, Failure, throttle};
use sportello_store::charge::Secrets;
use sportello_store::commit::{AuthUpdate, Commit};
use sportello_store::key::Owner;
use sportello_store::record::{AccountRecord, Bytes};

/// What was proved.
pub struct Proved {
    /// The account as it was charged.
    pub account: AccountRecord,
    /// The change of the account that uses the proof up and rests on what was read.
    pub update: AuthUpdate,
    /// What the proof brings about besides.
    pub commit: Commit,
}

/// A second factor that was proved.
enum Factor {
    None,
    Step(u64),
    Recovery(String),
}

/// Digest under which a recovery code is kept; blanks, hyphens and case do not count.
#[must_use]
pub fn recovery_digest(cx: &Cx, owner: &Owner, code: &str) -> String {
    hex(cx.keys().keyed_hash(&[b"account/recovery-code", owner.pk().as_bytes(), same_emergency_code(code).as_bytes()]))
}

fn factor(cx: &Cx, owner: &Owner, account: &AccountRecord, code: Option<&Secret>) -> Result<Option<Factor>, Failure> {
    let Some(secret) = open_account_totp(cx.keys(), owner, account)? else { return Ok(Some(Factor::None)) };
    let Some(code) = code else { return Ok(None) };
    let step = totp_step(&secret, code.expose(), cx.now, account.totp_step, &cx.policy().totp).map_err(|error| Failure::fault(error.to_string()))?;
    let recovery = || Some(recovery_digest(cx, owner, code.expose())).filter(|digest| account.recovery_codes.contains_key(digest)).map(Factor::Recovery);
    Ok(step.map(Factor::Step).or_else(recovery))
}

fn used(cx: &Cx, owner: &Owner, factor: &Factor, update: AuthUpdate) -> Result<(AuthUpdate, Commit), Failure> {
    let mut commit = Commit::new();
    let update = match factor {
        Factor::None => update,
        Factor::Step(step) => update.consume_step(*step),
        Factor::Recovery(digest) => {
            let notice = Notice::AccountOtpChanged { at: cx.now, change: AccountOtpChange::RecoveryCodeUsed };
            let id = format!("{}#{}#{}", notice.kind(), owner.pk(), digest.get(..16).unwrap_or(digest));
            commit.notice(&id, owner, notice.to_json()?, cx.now, Code::ChangedMeanwhile);
            update.use_recovery_code(digest)
        }
    };
    Ok((update, commit))
}

/// Charges and compares the password, and a code where the account has an app.
///
/// # Errors
/// `code-required` where the password is right and only the code misses; `refused` for all else, with what the refusal brings about.
pub async fn prove(cx: &Cx, owner: &Owner, password: &Secret, code: Option<&Secret>, refused: Code) -> Result<Proved, Failure> {
    let secrets = if code.is_some() { Secrets::BOTH } else { Secrets::PASSWORD };
    let account: AccountRecord = throttle::charge_password(cx, owner, secrets, password, refused).await?;
    let resting = |update: AuthUpdate| update.same_password(account.password.version).same_epoch(account.epoch);
    let right = cx.hasher().matches(password.expose(), &account.salt, &account.password).await?;
    if right && code.is_none() && account.totp.is_some() {
        // Nobody is locked out for beginning with the password.
        let mut commit = Commit::new();
        commit.update_auth(resting(Commit::auth(owner).clear_password_tries()), refused);
        return Err(Failure::with(Code::CodeRequired, commit));
    }
    let factor = if right { factor(cx, owner, &account, code)? } else { None };
    let Some(factor) = factor else {
        return Err(Failure::with(refused, throttle::after_failure(cx, owner, &account, secrets, refused)?));
    };
    let update = resting(Commit::auth(owner).clear_password_tries().clear_otp_tries());
    let (update, commit) = used(cx, owner, &factor, update)?;
    Ok(Proved { account, update, commit })
}

/// Charges and compares the code of a recovery, where the account has an app; without one there is nothing to prove.
///
/// # Errors
/// `refused`, with what the refusal brings about.
pub async fn prove_code(cx: &Cx, owner: &Owner, account: &AccountRecord, code: Option<&Secret>, refused: Code) -> Result<(AuthUpdate, Commit), Failure> {
    let resting = Commit::auth(owner).same_password(account.password.version).same_epoch(account.epoch);
    if account.totp.is_none() {
        return Ok((resting, Commit::new()));
    }
    // Apart from the codes of signing in: whoever knows the username only shuts it to nobody, no link of a mail opens it again, and it opens by itself.
    throttle::charge_address(cx).await?;
    let most = cx.policy().account.recovery_codes_per_day;
    let tries = cx.store.count(&format!("recovery-code#{}", owner.pk()), DAY, cx.now).await?;
    if tries.number <= most
        && let Some(factor) = factor(cx, owner, account, code)?
    {
        return used(cx, owner, &factor, resting.clear_otp_tries());
    }
    let mut commit = Commit::new();
    if tries.number >= most {
        let notice = Notice::AccountRecoveryRefused { at: cx.now };
        let id = format!("{}#{}#{}", notice.kind(), owner.pk(), tries.window);
        commit.notice(&id, owner, notice.to_json()?, cx.now, refused);
    }
    Err(Failure::with(refused, commit))
}

/// Seals a text of the account under its data key, for the field of that name.
///
/// # Errors
/// A fault where it cannot be sealed.
pub fn seal(cx: &Cx, owner: &Owner, account: &AccountRecord, field: &str, text: &str) -> Result<Bytes, Failure> {
    Ok(cx.keys().data_key(owner, &account.data_key)?.seal(cx.entropy(), owner, field, text.as_bytes())?)
}

/// Opens such a text.
///
/// # Errors
/// A fault where it does not open.
pub fn open(cx: &Cx, owner: &Owner, account: &AccountRecord, field: &str, sealed: &Bytes) -> Result<String, Failure> {
    let plain = cx.keys().data_key(owner, &account.data_key)?.open(owner, field, sealed)?;
    String::from_utf8(plain).map_err(|_| Failure::fault("a sealed text is no text"))
}
