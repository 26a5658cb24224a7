//! Single-purpose tokens: sealed, dated, tied to an owner; what makes them single-use is the commit that consumes their nonce or their version.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use sportello_contract::hex::hex;
use sportello_store::key::{HASH_BYTES, Owner, OwnerKind};

use crate::entropy::{self, Entropy};
use crate::keys::{KeyError, KeyRing};

/// What a token is for; one of another purpose does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Between the first factor and the last one of a sign-in.
    SignIn,
    /// The same, where the code goes by SMS.
    SignInSms,
    /// The same, where a physical token shows the code.
    SignInToken,
    /// Before the last factor of a sign-in with L3, after the one of L2.
    SignInLast,
    /// Before the last factor of the expired-password procedure with L3, after the one of L2 (rule 15).
    ExpiredPasswordLast,
    /// Between proving an expired password and setting a new one (rule 15).
    ExpiredPassword,
    /// Between what proves the first step of a password's recovery and the code (rule 26).
    Recovery,
    /// The same, where the security answer was the proof (rule 30).
    RecoveryByAnswer,
    /// Between that code and the new password.
    RecoveryLast,
    /// The same, where the security answer was the proof (rule 30).
    RecoveryLastByAnswer,
    /// Between the password and the code that give a new emergency code (rule 27).
    EmergencyCode,
    /// Between beginning an app's enrolment and its first code (rule 41).
    Enrolment,
    /// Names an enrolled app's identity for as long as it lives; what it does is signed by the device (rule 20).
    App,
    /// The code whose scan switches the second factor by QR code on (rule 45).
    SsoQr,
    /// The "it wasn't me" link (rule 40).
    Block,
    /// The link that lifts a lock (rule 21).
    Unlock,
    /// The link that opens recovery by the security answer again; it opens nothing else.
    UnlockRecovery,
    /// The link that sets a new password of a customer's account (rule 59).
    AccountRecovery,
    /// The link that confirms a new e-mail address of a customer's account (rule 59).
    AccountAddress,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 19] = [
        Self::SignIn,
        Self::SignInSms,
        Self::SignInToken,
        Self::SignInLast,
        Self::Recovery,
        Self::RecoveryByAnswer,
        Self::RecoveryLast,
        Self::RecoveryLastByAnswer,
        Self::EmergencyCode,
        Self::Enrolment,
        Self::App,
        Self::SsoQr,
        Self::ExpiredPasswordLast,
        Self::ExpiredPassword,
        Self::Block,
        Self::Unlock,
        Self::UnlockRecovery,
        Self::AccountRecovery,
        Self::AccountAddress,
    ];

    const fn label(self) -> &'static [u8] {
        match self {
            Self::SignIn => b"token/sign-in",
            Self::SignInSms => b"token/sign-in-sms",
            Self::SignInToken => b"token/sign-in-token",
            Self::SignInLast => b"token/sign-in-last",
            Self::Recovery => b"token/recovery",
            Self::RecoveryByAnswer => b"token/recovery-by-answer",
            Self::RecoveryLast => b"token/recovery-last",
            Self::RecoveryLastByAnswer => b"token/recovery-last-by-answer",
            Self::EmergencyCode => b"token/emergency-code",
            Self::Enrolment => b"token/enrolment",
            Self::App => b"token/app",
            Self::ExpiredPasswordLast => b"token/expired-password-last",
            Self::ExpiredPassword => b"token/expired-password",
            Self::SsoQr => b"token/sso-qr",
            Self::Block => b"token/block",
            Self::Unlock => b"token/unlock",
            Self::UnlockRecovery => b"token/unlock-recovery",
            Self::AccountRecovery => b"token/account-recovery",
            Self::AccountAddress => b"token/account-address",
        }
    }
}

/// Bytes of a nonce.
const NONCE: usize = 16;
/// Bytes of a token's content: kind of owner, nonce, owner, instant in milliseconds, version.
const CONTENT: usize = 1 + NONCE + HASH_BYTES + 8 + 4;

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Whose it is.
    pub owner: Owner,
    /// When it was made.
    pub issued_at: Timestamp,
    /// The version of the password on which it rests.
    pub version: u32,
    /// Tells it from every other one.
    pub nonce: [u8; NONCE],
}

impl Token {
    /// A token with a random nonce.
    ///
    /// # Errors
    /// [`KeyError::Entropy`].
    pub fn new(owner: Owner, version: u32, now: Timestamp, entropy: &dyn Entropy) -> Result<Self, KeyError> {
        Ok(Self { owner, issued_at: now, version, nonce: entropy::bytes(entropy)? })
    }

    /// A token whose nonce comes from the notice that carries it: delivering it twice makes one link, not two.
    #[must_use]
    pub fn of_notice(owner: Owner, notice_id: &str, purpose: Purpose, issued_at: Timestamp, keys: &KeyRing) -> Self {
        let mut nonce = [0; NONCE];
        for (byte, hash) in nonce.iter_mut().zip(keys.keyed_hash(&[purpose.label(), owner.pk().as_bytes(), notice_id.as_bytes()])) {
            *byte = hash;
        }
        Self { owner, issued_at, version: 0, nonce }
    }

    /// The nonce as text.
    #[must_use]
    pub fn nonce(&self) -> String {
        hex(self.nonce)
    }

    /// The token as text of unreserved characters.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn seal(&self, purpose: Purpose, keys: &KeyRing, entropy: &dyn Entropy) -> Result<String, KeyError> {
        let mut content = Vec::with_capacity(CONTENT);
        content.push(match self.owner.kind {
            OwnerKind::Holder => b'H',
            OwnerKind::Customer => b'C',
        });
        content.extend_from_slice(&self.nonce);
        content.extend_from_slice(&self.owner.hash);
        content.extend_from_slice(&self.issued_at.as_millisecond().to_be_bytes());
        content.extend_from_slice(&self.version.to_be_bytes());
        keys.seal(entropy, purpose.label(), &content).map(|sealed| URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Opens a token of one kind of owner; none for what was not made here, was changed, or serves another purpose.
    #[must_use]
    pub fn open(text: &str, purpose: Purpose, kind: OwnerKind, keys: &KeyRing) -> Option<Self> {
        let content = keys.open(purpose.label(), &URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let (letter, rest) = content.split_first()?;
        let right_kind = match kind {
            OwnerKind::Holder => *letter == b'H',
            OwnerKind::Customer => *letter == b'C',
        };
        let (nonce, rest) = rest.split_first_chunk::<NONCE>()?;
        let (hash, rest) = rest.split_first_chunk::<HASH_BYTES>()?;
        let (instant, rest) = rest.split_first_chunk::<8>()?;
        let (version, rest) = rest.split_first_chunk::<4>()?;
        let issued_at = Timestamp::from_millisecond(i64::from_be_bytes(*instant)).ok()?;
        let owner = Owner { kind, hash: *hash };
        (right_kind && rest.is_empty()).then(|| Self { owner, issued_at, version: u32::from_be_bytes(*version), nonce: *nonce })
    }

    /// When it is over, after so many minutes; from that instant on it is refused.
    #[must_use]
    pub fn over_at(&self, minutes: u32) -> Timestamp {
        self.issued_at.saturating_add(jiff::SignedDuration::from_mins(i64::from(minutes))).unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SystemEntropy;

    #[test]
    fn a_token_opens_for_its_purpose_only_and_unchanged() {
        let entropy = SystemEntropy::default();
        let keys = KeyRing::parse(&KeyRing::generate(&entropy).unwrap()).unwrap();
        let owner = keys.owner(OwnerKind::Holder, "a");
        let token = Token::new(owner, 3, Timestamp::from_second(1_800_000_000).unwrap(), &entropy).unwrap();
        let text = token.seal(Purpose::SignIn, &keys, &entropy).unwrap();
        assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') && text.len() < 200);
        assert_eq!(Token::open(&text, Purpose::SignIn, OwnerKind::Holder, &keys), Some(token));
        for made in Purpose::ALL {
            let text = Token::new(owner, 3, Timestamp::from_second(1_800_000_000).unwrap(), &entropy).unwrap().seal(made, &keys, &entropy).unwrap();
            for purpose in Purpose::ALL {
                assert_eq!(Token::open(&text, purpose, OwnerKind::Holder, &keys).is_some(), purpose == made, "{made:?} as {purpose:?}");
            }
        }
        assert_eq!(Token::open(&text[1..], Purpose::SignIn, OwnerKind::Holder, &keys), None);
        assert_eq!(Token::open("", Purpose::SignIn, OwnerKind::Holder, &keys), None);
        assert_eq!(Token::open(&text, Purpose::SignIn, OwnerKind::Customer, &keys), None);
    }

    #[test]
    fn a_notice_delivered_twice_carries_one_link() {
        let entropy = SystemEntropy::default();
        let keys = KeyRing::parse(&KeyRing::generate(&entropy).unwrap()).unwrap();
        let owner = keys.owner(OwnerKind::Holder, "a");
        let make = |id, purpose| Token::of_notice(owner, id, purpose, Timestamp::UNIX_EPOCH, &keys).nonce();
        assert_eq!(make("n1", Purpose::Block), make("n1", Purpose::Block));
        assert_ne!(make("n1", Purpose::Block), make("n2", Purpose::Block));
        assert_ne!(make("n1", Purpose::Block), make("n1", Purpose::Unlock));
    }
}
