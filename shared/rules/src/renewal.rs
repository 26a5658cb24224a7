//! What renews by itself, and when its customer is told that something expires (rules 60, 61).

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;

use crate::calendar::{add_months_anchored, date_of, days_before, start_of_day};
use crate::identity::Status;
use crate::policy::ServicePolicy;
use crate::service::{CredentialKind, RenewalTerms, ServiceFacts, notice_days, renewal_terms, term_months};

/// Something of a service that renews by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Renewing {
    /// The credential; none for the identity.
    pub credential: Option<CredentialKind>,
    /// The last day that is moved.
    pub from: Date,
    /// When it renews, or is charged for it.
    pub at: Timestamp,
    /// Whether it is free of charge.
    pub free: bool,
}

/// The name under which it is kept that something was charged for.
#[must_use]
pub fn name(credential: Option<CredentialKind>) -> &'static str {
    match credential {
        None => "identity",
        Some(CredentialKind::Password) => "password",
        Some(CredentialKind::OtpApp) => "otp-app",
        Some(CredentialKind::OtpSms) => "otp-sms",
        Some(CredentialKind::OtpToken) => "otp-token",
        Some(CredentialKind::SmartCard) => "smart-card",
        Some(CredentialKind::RemoteSignature) => "remote-signature",
    }
}

/// The last day after a renewal of a credential (rules 2, 61): the old one, not the day of payment, and the term, on the anchor day.
#[must_use]
pub fn renewed_credential(old: Date, anchor_day: i8, policy: &ServicePolicy) -> Date {
    add_months_anchored(old, anchor_day, policy.credential_term_months)
}

/// The charge's first instant: the start of the day in Rome that lies the policy's days before expiry (rule 61).
#[must_use]
pub fn charged_from(expires_on: Date, policy: &ServicePolicy) -> Timestamp {
    start_of_day(days_before(expires_on, policy.charge_days))
}

/// Whether what is renewed from its last day by so many months is not over at `now` all the same.
#[must_use]
pub fn renewal_lasts(from: Date, months: u32, now: Timestamp) -> bool {
    add_months_anchored(from, from.day(), months) >= date_of(now)
}

/// Everything of a service that renews by itself, each once for each last day (rule 61): `charged` says for which ones a charge was made, with whatever
/// outcome. The identity of a Personal or Minor service renews free of charge on its last day. What is over for so long that its renewal would be over
/// too does not renew by itself.
#[must_use]
pub fn renewing(facts: &ServiceFacts, charged: &BTreeMap<String, Date>, now: Timestamp, policy: &ServicePolicy) -> Vec<Renewing> {
    if facts.cancelled || matches!(facts.status, Status::Revoked | Status::ToActivate) {
        return Vec::new();
    }
    let lasts = |from: Date, months: u32| renewal_lasts(from, months, now);
    let identity = facts.expires_on.filter(|from| lasts(*from, term_months(facts.kind, policy)));
    let is_new = |credential: Option<CredentialKind>, from: Date| charged.get(name(credential)) != Some(&from);
    match renewal_terms(facts.kind, facts.auto_renewal) {
        RenewalTerms::FreeAutomatic => identity.into_iter().map(|from| Renewing { credential: None, from, at: start_of_day(from), free: true }).collect(),
        RenewalTerms::AutomaticOff => Vec::new(),
        RenewalTerms::AutomaticOn => {
            let credentials = facts.credentials.iter().filter_map(|held| held.expires_on.map(|on| (Some(held.kind), on)));
            let credentials = credentials.filter(|(_, on)| lasts(*on, policy.credential_term_months));
            let all = identity.map(|on| (None, on)).into_iter().chain(credentials);
            all.filter(|(credential, from)| is_new(*credential, *from))
                .map(|(credential, from)| Renewing { credential, from, at: charged_from(from, policy), free: false })
                .collect()
        }
    }
}

/// A notice of an expiry (rule 60).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpiryNotice {
    /// The credential; none for the identity.
    pub credential: Option<CredentialKind>,
    /// Its last day.
    pub expires_on: Date,
    /// Days that were left when the notice fell due.
    pub days_left: u32,
    /// From when it is due.
    pub at: Timestamp,
    /// The day on which it is charged, where it renews by itself.
    pub charge_on: Option<Date>,
}

impl ExpiryNotice {
    /// The mark by which it is given once.
    #[must_use]
    pub fn mark(&self) -> String {
        format!("{} {} {}", name(self.credential), self.expires_on, self.days_left)
    }
}

/// The notices of a service's expiries (rule 60): on the flag's first day and the policy's days before expiry, of each the last one that is due by `now`
/// and not told yet, and when the next one will be. What renews free of charge is not announced, nor is what was charged already.
#[must_use]
pub fn expiry_notices(
    facts: &ServiceFacts,
    charged: &BTreeMap<String, Date>,
    told: &BTreeSet<String>,
    now: Timestamp,
    policy: &ServicePolicy,
) -> (Vec<ExpiryNotice>, Option<Timestamp>) {
    if facts.cancelled || matches!(facts.status, Status::Revoked | Status::ToActivate) {
        return (Vec::new(), None);
    }
    let terms = renewal_terms(facts.kind, facts.auto_renewal);
    let identity = facts.expires_on.filter(|_| terms != RenewalTerms::FreeAutomatic).map(|on| (None, on));
    let credentials = facts.credentials.iter().filter_map(|held| held.expires_on.map(|on| (Some(held.kind), on)));
    let (mut due, mut next) = (Vec::new(), None);
    for (credential, expires_on) in identity.into_iter().chain(credentials) {
        let automatic = terms == RenewalTerms::AutomaticOn && charged.get(name(credential)) != Some(&expires_on);
        let charge_on = automatic.then(|| days_before(expires_on, policy.charge_days));
        let days = notice_days(expires_on, policy).into_iter().filter(|days| !automatic || *days > policy.charge_days);
        let notices: Vec<ExpiryNotice> =
            days.map(|days_left| ExpiryNotice { credential, expires_on, days_left, at: start_of_day(days_before(expires_on, days_left)), charge_on }).collect();
        // The fewest days left come first: of several that are due only the last one still says something.
        let latest = notices.iter().find(|notice| notice.at <= now).filter(|_| date_of(now) <= expires_on);
        due.extend(latest.filter(|notice| !told.contains(&notice.mark())).copied());
        next = notices.iter().map(|notice| notice.at).filter(|at| *at > now).chain(next).min();
    }
    (due, next)
}

#[cfg(test)]
mod tests;
