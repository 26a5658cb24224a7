//! GET /v1/customer/account: the customer's own data, and how the account is protected (rule 59).

use schemars::JsonSchema;
use serde::Serialize;
use sportello_contract::problem::Language;
use sportello_contract::spec::{Limit, Spec};
use sportello_runtime::access::{Customer, CustomerActor};
use sportello_runtime::profile::Profile;
use sportello_runtime::residence::Residence;
use sportello_runtime::{Cx, Failure, Operation, Reply};

/// Reads the account.
pub struct AccountRead;

/// The account.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Username; it never changes.
    username: String,
    /// E-mail address that notices go to.
    email: String,
    /// Whether another address waits for its confirmation.
    email_change_pending: bool,
    /// Given name.
    given_name: String,
    /// Family name.
    family_name: String,
    /// Language of mails and invoices.
    language: Language,
    /// Company that buys, on invoices.
    company_name: Option<String>,
    /// Fiscal code, on invoices.
    fiscal_code: Option<String>,
    /// VAT number, on invoices.
    vat_number: Option<String>,
    /// Address, on invoices.
    address: Option<Residence>,
    /// Whether signing in asks for a code of an app.
    otp_active: bool,
    /// Recovery codes that are left.
    recovery_codes_left: usize,
}

impl Operation for AccountRead {
    const SPEC: Spec = Spec::get("customer.account.read", "/v1/customer/account").summary("Read the customer's own data").limit(Limit::ORDINARY);
    type Auth = Customer;
    type Input = ();
    type Output = Output;

    async fn handle(cx: &Cx, customer: CustomerActor, (): ()) -> Result<Reply<Output>, Failure> {
        let (account, sealed) = (&customer.records.account, &customer.records.profile);
        let profile = Profile::open(cx, &customer.owner, sealed)?;
        Ok(Reply::of(Output {
            username: profile.username,
            email: profile.email.expose().to_owned(),
            email_change_pending: account.pending_address.is_some(),
            given_name: profile.given_name,
            family_name: profile.family_name,
            language: sealed.language,
            company_name: profile.company_name,
            fiscal_code: profile.fiscal_code,
            vat_number: profile.vat_number,
            address: profile.residence.map(Residence::from),
            otp_active: account.totp.is_some(),
            recovery_codes_left: account.totp.as_ref().map_or(0, |_| account.recovery_codes.len()),
        }))
    }
}
