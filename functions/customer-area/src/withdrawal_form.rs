//! The withdrawal form of a service: which of the two, by the clock of sending, and what it is pre-filled with (rules 62, 63).

use sportello_contract::problem::{Code, Language};
use sportello_paper::{IdentityKind, Provider, Withdrawal, WithdrawalForm as Paper, withdrawal_form};
use sportello_rules::calendar::date_of;
use sportello_rules::identity::IdentityType;
use sportello_rules::service::{Cancellation, WithdrawalForm, cancellation, withdrawal_last_day};
use sportello_runtime::access::CustomerActor;
use sportello_runtime::ordering::facts;
use sportello_runtime::profile::Profile;
use sportello_runtime::{Cx, Failure};
use sportello_store::record::{SentWithdrawal, ServiceRecord};

use crate::order_view::forbidden;

/// Which form a service is left by when it is sent now.
///
/// # Errors
/// `cancel-directly` where no form is needed, `revoke-first`, `already-cancelled`.
pub fn by_now(cx: &Cx, service: &ServiceRecord) -> Result<SentWithdrawal, Failure> {
    match cancellation(&facts(service), cx.now, &cx.policy().service).map_err(forbidden)? {
        Cancellation::CancelNow => Err(Code::CancelDirectly.into()),
        Cancellation::WithdrawalForm { form, .. } => Ok(SentWithdrawal { form, sent_at: cx.now }),
    }
}

/// The form, as PDF in the customer's language: as it is, or was, at an instant of sending.
///
/// # Errors
/// A fault where it cannot be written.
pub fn pdf(cx: &Cx, customer: &CustomerActor, service: &ServiceRecord, sent: &SentWithdrawal) -> Result<Vec<u8>, Failure> {
    let sealed = &customer.records.profile;
    let profile = Profile::open(cx, &customer.owner, sealed)?;
    let policy = &cx.policy().service;
    let provider = &cx.app.provider;
    let person = format!("{} {}", profile.given_name, profile.family_name);
    let paper = Paper {
        provider: Provider { name: provider.name.clone(), support: provider.support.clone(), forms_to: provider.support.clone() },
        withdrawal: match sent.form {
            WithdrawalForm::Within14Days => Withdrawal::WithinDays,
            WithdrawalForm::Beyond14Days => Withdrawal::BeyondDays,
        },
        days: policy.withdrawal_days,
        last_day: withdrawal_last_day(service.contract_at, policy),
        customer_name: profile.company_name.unwrap_or(person),
        customer_email: profile.email.expose().to_owned(),
        order_id: service.order_id.clone(),
        contract_date: date_of(service.contract_at),
        service_id: service.service_id.clone(),
        offer: service.offer.clone(),
        identity_type: kind(service.kind),
        // The customer area knows nothing of a holder.
        holder_username: None,
        printed_on: date_of(sent.sent_at),
    };
    let language = match sealed.language {
        Language::It => sportello_paper::Language::It,
        Language::En => sportello_paper::Language::En,
    };
    withdrawal_form(&paper, language).map_err(|error| Failure::fault(error.to_string()))
}

const fn kind(kind: IdentityType) -> IdentityKind {
    match kind {
        IdentityType::Personal => IdentityKind::Personal,
        IdentityType::Minor => IdentityKind::Minor,
        IdentityType::Professional => IdentityKind::Professional,
        IdentityType::Business => IdentityKind::Business,
    }
}
