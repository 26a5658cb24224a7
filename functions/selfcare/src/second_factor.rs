//! Proof of the highest active factor, for what needs it besides the password (rules 15, 17, 32-36).

use sportello_contract::secret::Secret;
use sportello_rules::otp::totp_step;
use sportello_rules::token::Position;
use sportello_runtime::profile::{open_token, open_totp};
use sportello_runtime::{Cx, Failure, codes};
use sportello_store::charge::Secrets;
use sportello_store::commit::AuthUpdate;
use sportello_store::key::Owner;
use sportello_store::record::{AuthRecord, KeptCode, SecondFactor};

/// What is given as proof of a factor.
#[derive(Clone, Copy)]
pub(crate) struct Codes<'a> {
    code: Option<&'a Secret>,
    /// The code that comes next: a token alone shows codes in a row.
    next: Option<&'a Secret>,
}

impl<'a> Codes<'a> {
    /// One code, where one was given.
    pub(crate) const fn one(code: Option<&'a Secret>) -> Self {
        Self { code, next: None }
    }

    /// The same with the next one, which finds a token again that has drifted away (rule 41).
    pub(crate) const fn in_a_row(code: Option<&'a Secret>, next: Option<&'a Secret>) -> Self {
        Self { code, next }
    }

    /// Whether there is a code to be looked at.
    pub(crate) const fn are_given(self) -> bool {
        self.code.is_some()
    }
}

/// A factor that was proved.
pub(crate) enum Proof {
    /// None is active.
    None,
    /// A step of the app.
    Step(u64),
    /// Where the physical token stands after its code.
    Token(Position),
    /// A code that was sent for an operation.
    Code(&'static str, KeptCode),
}

impl Proof {
    /// Uses the proof up: a code is never good twice (rules 22, 31).
    pub(crate) fn consume(&self, update: AuthUpdate) -> AuthUpdate {
        match self {
            Self::None => update,
            Self::Step(step) => update.consume_step(*step),
            Self::Token(position) => update.consume_token(*position),
            Self::Code(operation, code) => update.consume_code(operation, code),
        }
    }
}

/// What is charged before the factor is looked at: a code that was sent for an operation counts its own tries too.
pub(crate) fn charged(factor: SecondFactor, operation: &'static str, secrets: Secrets) -> Secrets {
    if factor == SecondFactor::SmsCode { secrets.with_code(operation) } else { secrets }
}

/// The proof of one factor, by a code that may be bound to a value; none where it was not given or is wrong, and for level 3, which no code proves.
pub(crate) fn prove_factor(
    cx: &Cx,
    owner: &Owner,
    auth: &AuthRecord,
    factor: SecondFactor,
    (operation, value): (&'static str, &str),
    Codes { code, next }: Codes<'_>,
) -> Result<Option<Proof>, Failure> {
    match factor {
        SecondFactor::None => Ok(Some(Proof::None)),
        SecondFactor::Signature => Ok(None),
        SecondFactor::AppCode | SecondFactor::SmsCode if next.is_some() => Ok(None),
        SecondFactor::TokenCode => {
            let (Some((token, secret)), Some(code)) = (open_token(cx.keys(), owner, auth)?, code) else { return Ok(None) };
            let shown = (code.expose(), next.map(Secret::expose));
            let position = token.model.follow(&secret, shown, auth.token_position(), cx.now, &cx.policy().token);
            Ok(position.map_err(|error| Failure::fault(error.to_string()))?.map(Proof::Token))
        }
        SecondFactor::AppCode => {
            let (Some(secret), Some(code)) = (open_totp(cx.keys(), owner, auth)?, code) else { return Ok(None) };
            let step = totp_step(&secret, code.expose(), cx.now, auth.totp_step, &cx.policy().totp);
            Ok(step.map_err(|error| Failure::fault(error.to_string()))?.map(Proof::Step))
        }
        SecondFactor::SmsCode => {
            let kept = code.and_then(|code| codes::prove(cx, owner, auth, operation, value, code));
            Ok(kept.map(|kept| Proof::Code(operation, kept.clone())))
        }
    }
}
