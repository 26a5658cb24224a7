//! The help menu of the customer area: which guides fit what somebody has (rule 65).

use serde::{Deserialize, Serialize};

use crate::identity::{IdentityType, Status};

/// A guide. The serialised name is part of its address and never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Guide {
    /// How an identity is activated.
    Activation,
    /// How an identity of a minor is activated by a parent.
    MinorActivation,
    /// Signing in with SPID, and getting back in.
    SignIn,
    /// The app, the device, the card, the signature.
    Credentials,
    /// Adding a credential.
    AddCredential,
    /// Suspending an identity, and taking it into use again.
    Suspension,
    /// Revoking an identity.
    Revocation,
    /// The free renewal of Personal and Minor identities.
    FreeRenewal,
    /// The automatic renewal of Professional and Business identities, and the one by hand.
    PaidRenewal,
    /// Cancelling the order of an identity.
    Cancellation,
    /// Withdrawing from the contract of an identity.
    Withdrawal,
    /// Orders, payments and invoices.
    Orders,
    /// The account of the customer area.
    Account,
}

impl Guide {
    /// Every guide.
    pub const ALL: [Self; 13] = [
        Self::Activation,
        Self::MinorActivation,
        Self::SignIn,
        Self::Credentials,
        Self::AddCredential,
        Self::Suspension,
        Self::Revocation,
        Self::FreeRenewal,
        Self::PaidRenewal,
        Self::Cancellation,
        Self::Withdrawal,
        Self::Orders,
        Self::Account,
    ];
}

/// The guides that fit a service of a type and status, the most useful first; those of the account where there is none (rules 59-65).
#[must_use]
pub fn guides(service: Option<(IdentityType, Status)>) -> Vec<Guide> {
    use IdentityType::{Business, Minor, Personal, Professional};
    let Some((kind, status)) = service else { return vec![Guide::Account, Guide::Orders, Guide::Activation] };
    let (renewal, paid) = match kind {
        Personal | Minor => (Guide::FreeRenewal, false),
        Professional | Business => (Guide::PaidRenewal, true),
    };
    let leaving = if paid { Guide::Withdrawal } else { Guide::Cancellation };
    let own = match status {
        Status::ToActivate if kind == Minor => vec![Guide::MinorActivation, leaving],
        Status::ToActivate => vec![Guide::Activation, leaving],
        Status::Active => vec![Guide::SignIn, Guide::Credentials, Guide::AddCredential, renewal, Guide::Suspension, Guide::Revocation],
        Status::Suspended => vec![Guide::Suspension, Guide::SignIn, Guide::Credentials, renewal, Guide::Revocation],
        Status::Revoked => vec![Guide::Revocation, Guide::Cancellation],
    };
    own.into_iter().chain([Guide::Orders]).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_type_and_status_has_its_guides() {
        use Guide::{
            Activation, AddCredential, Cancellation, Credentials, FreeRenewal, MinorActivation, Orders, PaidRenewal, Revocation, SignIn, Suspension, Withdrawal,
        };
        for kind in IdentityType::ALL {
            let paid = matches!(kind, IdentityType::Professional | IdentityType::Business);
            let renewal = if paid { PaidRenewal } else { FreeRenewal };
            let activation = if kind == IdentityType::Minor { MinorActivation } else { Activation };
            let leaving = if paid { Withdrawal } else { Cancellation };
            let expected = [
                (Status::ToActivate, vec![activation, leaving, Orders]),
                (Status::Active, vec![SignIn, Credentials, AddCredential, renewal, Suspension, Revocation, Orders]),
                (Status::Suspended, vec![Suspension, SignIn, Credentials, renewal, Revocation, Orders]),
                (Status::Revoked, vec![Revocation, Cancellation, Orders]),
            ];
            for (status, guides_of) in expected {
                assert_eq!(guides(Some((kind, status))), guides_of, "{kind:?} {status:?}");
            }
        }
        assert_eq!(guides(None), [Guide::Account, Orders, Activation]);
    }

    #[test]
    fn every_guide_is_shown_somewhere_and_none_twice() {
        let mut shown: BTreeSet<Guide> = guides(None).into_iter().collect();
        for kind in IdentityType::ALL {
            for status in Status::ALL {
                let guides = guides(Some((kind, status)));
                assert_eq!(guides.iter().collect::<BTreeSet<_>>().len(), guides.len());
                shown.extend(guides);
            }
        }
        assert_eq!(shown, BTreeSet::from(Guide::ALL));
    }
}
